// The integer arithmetic of quantised TFLite kernels, bit for bit.
//
// Real factors are kept as a 31-bit multiplier and a power of two; products round twice, as the
// desktop build of TensorFlow Lite Micro does (its default, "double rounding"): once in the high
// half of the doubled product and once more in the shift. Where the reference relies on numbers
// staying in range, these functions wrap, so that a damaged model has no undefined behaviour.
#pragma once

#include <cstdint>
#include <type_traits>

namespace hil::engine::builtin {

inline constexpr int32_t kMostInt32 = 0x7FFFFFFF;
inline constexpr int32_t kLeastInt32 = -kMostInt32 - 1;

inline int32_t WrapAdd(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
inline int64_t WrapAdd64(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
inline int32_t WrapSub(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
}
inline int32_t WrapMul(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
}
inline int32_t WrapShiftLeft(int32_t a, int bits) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) << bits);
}

template <typename T>
constexpr T Clamp(T value, std::common_type_t<T> least, std::common_type_t<T> most) {
  return value < least ? least : (value > most ? most : value);
}

// a * b / 2^31, rounded to nearest, ties up. Not for -1 * -1, which no caller has: multipliers are
// positive, and so is one side of every product of the functions below.
inline int32_t RoundingHighProduct(int32_t a, int32_t b) {
  return static_cast<int32_t>((static_cast<int64_t>(a) * b + (int64_t{1} << 30)) >> 31);
}

// value / 2^bits, rounded to nearest, ties away from zero. 0 <= bits <= 31.
inline int32_t RoundingShiftRight(int32_t value, int bits) {
  const auto mask = static_cast<int32_t>((uint32_t{1} << bits) - 1);
  const int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
  return (value >> bits) + ((value & mask) > threshold ? 1 : 0);
}

// A real factor: value * 2^31 = multiplier, scaled by 2^shift.
struct Factor {
  int32_t multiplier = 0;
  int32_t shift = 0;

  int32_t Apply(int32_t x) const {
    if (shift >= 0) return RoundingHighProduct(WrapShiftLeft(x, shift), multiplier);
    // RoundingShiftRight in four instructions, for what cannot be the least integer (the multiplier
    // is below one): the sign is taken off before the bit below the last one rounds, so that ties
    // go away from zero.
    const int32_t y = RoundingHighProduct(x, multiplier);
    return (((y + (y >> 31)) >> (-shift - 1)) + 1) >> 1;
  }
  // For 64-bit sums of 16-bit activations: a 15-bit multiplier and one rounding. Only for shifts up
  // to kMostShift64.
  static constexpr int32_t kMostShift64 = 14;
  int32_t Apply64(int64_t x) const {
    const int32_t reduced = multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
    const int bits = 15 - shift;
    const uint64_t sum = static_cast<uint64_t>(x) * static_cast<uint64_t>(int64_t{reduced}) +
                         (uint64_t{1} << (bits - 1));
    return static_cast<int32_t>(static_cast<int64_t>(sum) >> bits);
  }
};

// The factor nearest to `value`. False if value is not finite, negative, or 2^31 and more (which
// the reference cannot compute with either). Below 2^-32 the factor is 0.
bool MakeFactor(double value, Factor* factor);

// 1 / sqrt(x) as a factor; 1 for x below 2.
Factor InverseSqrt(int32_t x);

// --- Functions of fixed-point numbers: "Qn" has n integer bits and 31 - n fractional bits. ---

// exp(x) for x <= 0 in Q<integer_bits>; the result is Q0.
int32_t ExpOfNegative(int32_t x, int integer_bits);
// 1 / (1 + x) for x in Q0 from 0 to 1; the result is Q0.
int32_t OneOverOnePlus(int32_t x);
// The natural logarithm of x >= 1 in Q12; the result is Q5.
int32_t LogQ12(int32_t x);
// x in Q4, result in Q0.
int32_t TanhQ4(int32_t x);
int32_t LogisticQ4(int32_t x);

}  // namespace hil::engine::builtin
