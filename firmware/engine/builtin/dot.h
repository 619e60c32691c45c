// Dot products, the inner loops of everything that has weights.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/builtin/fixed_point.h"

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>

#include <cstring>
#endif

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

// Four of them on the same inputs, sums[k] += rows[k] * (inputs + offset).
inline void DotInt8x4(const int8_t* const rows[4], const int8_t* inputs, uint32_t count,
                      int32_t offset, int32_t sums[4]) {
  uint32_t i = 0;
#if defined(__ARM_FEATURE_DSP)
  // Four inputs at a time, as two pairs of halfwords (bytes 0 and 2, bytes 1 and 3) to which the
  // offset is added on the way; the pairs serve all four rows.
  const auto offsets = static_cast<int16x2_t>((static_cast<uint32_t>(offset) & 0xFFFF) |
                                              (static_cast<uint32_t>(offset) << 16));
  const int8_t* w0 = rows[0];
  const int8_t* w1 = rows[1];
  const int8_t* w2 = rows[2];
  const int8_t* w3 = rows[3];
  int32_t s0 = 0;
  int32_t s1 = 0;
  int32_t s2 = 0;
  int32_t s3 = 0;
  const auto word = [](const int8_t* at) {
    uint32_t bytes;
    std::memcpy(&bytes, at, sizeof(bytes));
    return bytes;
  };
  const auto odd = [](uint32_t bytes) {
    return static_cast<int8x4_t>((bytes >> 8) | (bytes << 24));
  };
  for (; i + 4 <= count; i += 4) {
    const uint32_t x = word(inputs + i);
    const int16x2_t x_even = __sxtab16(offsets, static_cast<int8x4_t>(x));
    const int16x2_t x_odd = __sxtab16(offsets, odd(x));
    const uint32_t a = word(w0 + i);
    const uint32_t b = word(w1 + i);
    s0 = __smlad(__sxtb16(static_cast<int8x4_t>(a)), x_even, s0);
    s1 = __smlad(__sxtb16(static_cast<int8x4_t>(b)), x_even, s1);
    s0 = __smlad(__sxtb16(odd(a)), x_odd, s0);
    s1 = __smlad(__sxtb16(odd(b)), x_odd, s1);
    const uint32_t c = word(w2 + i);
    const uint32_t d = word(w3 + i);
    s2 = __smlad(__sxtb16(static_cast<int8x4_t>(c)), x_even, s2);
    s3 = __smlad(__sxtb16(static_cast<int8x4_t>(d)), x_even, s3);
    s2 = __smlad(__sxtb16(odd(c)), x_odd, s2);
    s3 = __smlad(__sxtb16(odd(d)), x_odd, s3);
  }
  sums[0] = WrapAdd(sums[0], s0);
  sums[1] = WrapAdd(sums[1], s1);
  sums[2] = WrapAdd(sums[2], s2);
  sums[3] = WrapAdd(sums[3], s3);
  if (i == count) return;
#endif
  for (int k = 0; k < 4; ++k) {
    sums[k] = WrapAdd(sums[k], DotInt8(rows[k] + i, inputs + i, count - i, offset));
  }
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
