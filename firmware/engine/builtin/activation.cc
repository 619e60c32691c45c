#include "engine/builtin/activation.h"

namespace hil::engine::builtin {
namespace {

// `value` in units of `affine`, rounded in single precision as the reference does.
int32_t Quantized(const Affine& affine, float value) {
  const float units = std::round(value / affine.scale);
  // A float cannot hold 2^31 - 1; beyond this every type is saturated anyway.
  constexpr float kFar = 1e9F;
  return affine.zero_point + static_cast<int32_t>(Clamp(units, -kFar, kFar));
}

}  // namespace

Status ExpectNoActivation(Preparation& p, int8_t activation) {
  if (activation == schema::kActivationNone) return Status::kOk;
  return p.Refuse(Status::kUnsupportedOption, "has a fused activation where it may have none");
}

Status FusedRange(Preparation& p, int8_t activation, FloatRange* range) {
  switch (activation) {
    case schema::kActivationNone:
      return Status::kOk;
    case schema::kActivationRelu:
      range->least = 0.0F;
      return Status::kOk;
    case schema::kActivationReluN1To1:
      *range = {-1.0F, 1.0F};
      return Status::kOk;
    case schema::kActivationRelu6:
      *range = {0.0F, 6.0F};
      return Status::kOk;
    default:
      return p.Refuse(Status::kUnsupportedOption, "has fused activation ",
                      static_cast<int32_t>(activation),
                      ", which is none of RELU, RELU6, RELU_N1_TO_1");
  }
}

Status FusedRange(Preparation& p, int8_t activation, const TensorSlot& output, const Affine& affine,
                  IntRange* range) {
  FloatRange real;
  HIL_TRY(FusedRange(p, activation, &real));
  *range = output.type == TensorType::kInt16 ? IntRange{-32768, 32767} : IntRange{-128, 127};
  if (real.least != -FLT_MAX) {
    const int32_t least = Quantized(affine, real.least);
    if (least > range->least) range->least = least;
  }
  if (real.most != FLT_MAX) {
    const int32_t most = Quantized(affine, real.most);
    if (most < range->most) range->most = most;
  }
  return Status::kOk;
}

}  // namespace hil::engine::builtin
