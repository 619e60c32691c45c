// Fused activations: the range that an operator's results are clamped to.
#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>

#include "engine/builtin/fixed_point.h"
#include "engine/builtin/kernel.h"

namespace hil::engine::builtin {

struct FloatRange {
  float least = -FLT_MAX;
  float most = FLT_MAX;

  // Written so that NaN passes, as it does in the reference.
  float Clamp(float x) const {
    const float raised = x < least ? least : x;
    return most < raised ? most : raised;
  }
};

struct IntRange {
  int32_t least = 0;
  int32_t most = 0;

  int32_t Clamp(int32_t x) const { return builtin::Clamp(x, least, most); }
};

// For operators and types that have none.
Status ExpectNoActivation(Preparation& p, int8_t activation);
// kNone, kRelu, kReluN1To1 and kRelu6 are taken; others are refused.
Status FusedRange(Preparation& p, int8_t activation, FloatRange* range);
// In the units of `output`, limited to its type.
Status FusedRange(Preparation& p, int8_t activation, const TensorSlot& output, const Affine& affine,
                  IntRange* range);

}  // namespace hil::engine::builtin
