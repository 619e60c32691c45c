// Dot products, the inner loops of everything that has weights.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/builtin/fixed_point.h"

namespace hil::engine::builtin {

// sum of weights[i] * (inputs[i] + offset), wrapping at 32 bits. -255 <= offset <= 255.
inline int32_t DotInt8(const int8_t* weights, const int8_t* inputs, uint32_t count,
                       int32_t offset) {
  uint32_t sum = 0;  // unsigned, so that wrapping is defined
  for (uint32_t i = 0; i < count; ++i) {
    sum += static_cast<uint32_t>(weights[i] * (inputs[i] + offset));
  }
  return static_cast<int32_t>(sum);
}

// Four of them on the same inputs: sums[k] += rows[k] * (inputs + offset). A function of its own,
// because its loop needs all registers of the core.
void DotInt8x4(const int8_t* const rows[4], const int8_t* inputs, uint32_t count, int32_t offset,
               int32_t sums[4]);

// The same for any combination of offsets and widths; Sum is int32_t or int64_t.
template <typename Sum, typename Input>
Sum DotOffsets(const int8_t* weights, int32_t weight_offset, const Input* inputs,
               int32_t input_offset, uint32_t count) {
  using Unsigned = std::make_unsigned_t<Sum>;
  Unsigned sum = 0;
  for (uint32_t i = 0; i < count; ++i) {
    sum += static_cast<Unsigned>((weights[i] + weight_offset) * (inputs[i] + input_offset));
  }
  return static_cast<Sum>(sum);
}

// Four dot products side by side, so that the core's floating-point pipeline has independent work.
// Each one is summed in order, so the result does not depend on the grouping.
inline void DotFloat4(const float* const rows[4], const float* inputs, uint32_t count,
                      float sums[4]) {
  const float* w0 = rows[0];
  const float* w1 = rows[1];
  const float* w2 = rows[2];
  const float* w3 = rows[3];
  float s0 = 0.0F;
  float s1 = 0.0F;
  float s2 = 0.0F;
  float s3 = 0.0F;
  for (uint32_t i = 0; i < count; ++i) {
    const float x = inputs[i];
    s0 += x * w0[i];
    s1 += x * w1[i];
    s2 += x * w2[i];
    s3 += x * w3[i];
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

inline float DotFloat(const float* weights, const float* inputs, uint32_t count) {
  float sum = 0.0F;
  for (uint32_t i = 0; i < count; ++i) sum += inputs[i] * weights[i];
  return sum;
}

}  // namespace hil::engine::builtin
