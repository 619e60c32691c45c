// Dot products, the inner loops of everything that has weights.
#pragma once

#include <cstdint>
#include <type_traits>

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>

#include <cstring>
#endif

namespace hil::engine::builtin {

// sum of weights[i] * (inputs[i] + offset), wrapping at 32 bits. -255 <= offset <= 255.
inline int32_t DotInt8(const int8_t* weights, const int8_t* inputs, uint32_t count,
                       int32_t offset) {
  uint32_t sum = 0;  // unsigned, so that wrapping is defined
  uint32_t i = 0;
#if defined(__ARM_FEATURE_DSP)
  // Four at a time: bytes 0, 2 and 1, 3 as pairs of halfwords, the offset added on the way.
  const auto offsets = static_cast<int16x2_t>((static_cast<uint32_t>(offset) & 0xFFFF) |
                                              (static_cast<uint32_t>(offset) << 16));
  for (; i + 4 <= count; i += 4) {
    uint32_t w;
    uint32_t x;
    std::memcpy(&w, weights + i, 4);
    std::memcpy(&x, inputs + i, 4);
    const uint32_t w_odd = (w >> 8) | (w << 24);
    const uint32_t x_odd = (x >> 8) | (x << 24);
    sum = static_cast<uint32_t>(__smlad(__sxtb16(static_cast<int8x4_t>(w)),
                                        __sxtab16(offsets, static_cast<int8x4_t>(x)),
                                        static_cast<int32_t>(sum)));
    sum = static_cast<uint32_t>(__smlad(__sxtb16(static_cast<int8x4_t>(w_odd)),
                                        __sxtab16(offsets, static_cast<int8x4_t>(x_odd)),
                                        static_cast<int32_t>(sum)));
  }
#endif
  for (; i < count; ++i) sum += static_cast<uint32_t>(weights[i] * (inputs[i] + offset));
  return static_cast<int32_t>(sum);
}

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
