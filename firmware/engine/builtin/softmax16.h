// 16-bit softmax, from tables of exp() and of the reciprocal.
#pragma once

#include <cstdint>

#include "engine/builtin/fixed_point.h"

namespace hil::engine::builtin {

// More classes than this could overflow the sum.
inline constexpr uint32_t kMostSoftmax16 = 65535;

// The factor from differences of inputs to table units; false if it is out of range.
bool MakeSoftmax16(float input_scale, float beta, Factor* factor);

// Both in one row of `count` elements, 1 <= count <= kMostSoftmax16; y is in 1/32768.
void Softmax16(const Factor& factor, const int16_t* x, int16_t* y, uint32_t count);

}  // namespace hil::engine::builtin
