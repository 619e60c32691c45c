#include "engine/builtin/fixed_point.h"

#include <cmath>

namespace hil::engine::builtin {
namespace {

constexpr int32_t kOneQ0 = kMostInt32;  // the number below one
constexpr int32_t kOneQ2 = 1 << 29;

// value * 2^bits, saturating.
int32_t SaturatingShiftLeft(int32_t value, int bits) {
  const int64_t wide = static_cast<int64_t>(value) * (int64_t{1} << bits);
  return static_cast<int32_t>(Clamp<int64_t>(wide, kLeastInt32, kMostInt32));
}

// (a + 1) / 2 for a in Q0, rounded away from zero.
int32_t HalfOfOnePlus(int32_t a) {
  const int64_t sum = static_cast<int64_t>(a) + kOneQ0;
  return static_cast<int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
}

// 1 / half_denominator in Q2, for half_denominator in Q0 from 1/2 to 1: Newton's iteration from the
// straight line 48/17 - 32/17 * d, whose error is below 1/17; three rounds give all bits.
int32_t Reciprocal(int32_t half_denominator) {
  constexpr int32_t k48Over17 = 1515870810;
  constexpr int32_t kMinus32Over17 = -1010580540;
  int32_t x = WrapAdd(k48Over17, RoundingHighProduct(half_denominator, kMinus32Over17));
  for (int round = 0; round < 3; ++round) {
    const int32_t error = WrapSub(kOneQ2, RoundingHighProduct(half_denominator, x));
    // Q2 times Q2 is Q4: two bits back.
    x = WrapAdd(x, SaturatingShiftLeft(RoundingHighProduct(x, error), 2));
  }
  return x;
}

// exp(x) for x in Q0 from -1/4 to 0: the Taylor series around -1/8 up to the fourth power.
int32_t ExpOfSmall(int32_t x) {
  constexpr int32_t kExpOfMinusEighth = 1895147668;
  constexpr int32_t kOneThird = 715827883;
  const int32_t d = WrapAdd(x, 1 << 28);
  const int32_t d2 = RoundingHighProduct(d, d);
  const int32_t d3 = RoundingHighProduct(d2, d);
  const int32_t d4 = RoundingHighProduct(d2, d2);
  const int32_t d4_over_4 = RoundingShiftRight(d4, 2);
  const int32_t tail =
      RoundingShiftRight(WrapAdd(RoundingHighProduct(WrapAdd(d4_over_4, d3), kOneThird), d2), 1);
  return WrapAdd(kExpOfMinusEighth, RoundingHighProduct(kExpOfMinusEighth, WrapAdd(d, tail)));
}

}  // namespace

bool MakeFactor(double value, Factor* factor) {
  *factor = Factor();
  if (!std::isfinite(value) || value < 0.0) return false;
  if (value == 0.0) return true;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  auto fixed = static_cast<int64_t>(std::round(fraction * static_cast<double>(int64_t{1} << 31)));
  if (fixed == int64_t{1} << 31) {
    fixed /= 2;
    ++exponent;
  }
  if (exponent < -31) return true;
  if (exponent > 30) return false;
  factor->multiplier = static_cast<int32_t>(fixed);
  factor->shift = exponent;
  return true;
}

int32_t ExpOfNegative(int32_t x, int integer_bits) {
  // exp(-1/4), exp(-1/2), ..., exp(-16) in Q0: one for each bit of the part that is a multiple of
  // a quarter.
  constexpr int32_t kExpOfBit[] = {1672461947, 1302514674, 790015084, 290630308,
                                   39332535,   720401,     242};
  if (x == 0) return kOneQ0;
  const int fractional_bits = 31 - integer_bits;
  const int32_t quarter = 1 << (fractional_bits - 2);
  const int32_t small = (x & (quarter - 1)) - quarter;  // in [-1/4, 0)
  int32_t result = ExpOfSmall(SaturatingShiftLeft(small, integer_bits));
  const int32_t quarters = WrapSub(small, x);
  for (int bit = 0; bit < 7 && fractional_bits - 2 + bit < 31; ++bit) {
    if ((static_cast<uint32_t>(quarters) >> (fractional_bits - 2 + bit)) & 1) {
      result = RoundingHighProduct(result, kExpOfBit[bit]);
    }
  }
  return result;
}

int32_t OneOverOnePlus(int32_t x) {
  // 1 / (1 + x) = (1/2) / ((1 + x) / 2): Q2 read as Q1 halves, one more bit makes it Q0.
  return SaturatingShiftLeft(Reciprocal(HalfOfOnePlus(x)), 1);
}

int32_t TanhQ4(int32_t x) {
  if (x == 0) return 0;
  const int32_t negative = x < 0 ? x : WrapSub(0, x);
  // tanh(|x|) = (1 - e) / (1 + e) = 2 / (1 + e) - 1 with e = exp(-2|x|); doubling is reading Q4 as
  // Q5.
  const int32_t e = ExpOfNegative(negative, 5);
  const int32_t tanh = SaturatingShiftLeft(WrapSub(Reciprocal(HalfOfOnePlus(e)), kOneQ2), 2);
  return x < 0 ? WrapSub(0, tanh) : tanh;
}

int32_t LogisticQ4(int32_t x) {
  if (x == 0) return 1 << 30;
  const int32_t upper = OneOverOnePlus(ExpOfNegative(x > 0 ? WrapSub(0, x) : x, 4));
  return x > 0 ? upper : WrapSub(kOneQ0, upper);
}

// Newton's iteration y (3 - x y^2) / 2 from 1, in Q3, on x brought between 1/4 and 1.
Factor InverseSqrt(int32_t x) {
  if (x <= 1) return {kMostInt32, 0};
  constexpr int32_t kOneQ3 = 1 << 28;
  constexpr int32_t kHalfThreeQ3 = kOneQ3 + kOneQ3 / 2;
  constexpr int32_t kHalfSqrt2 = 1518500250;
  int32_t shift = 11;
  const int pairs = (__builtin_clz(static_cast<uint32_t>(x)) - 1) / 2 - 1;
  shift -= pairs;
  const int32_t scaled = x << (2 * pairs);
  const int32_t half = RoundingShiftRight(scaled >> 1, 1);
  int32_t y = kOneQ3;
  for (int round = 0; round < 5; ++round) {
    // Q3 times Q3 is Q6, and so on: the shifts bring back Q3.
    const int32_t cube = WrapShiftLeft(RoundingHighProduct(RoundingHighProduct(y, y), y), 6);
    y = WrapShiftLeft(
        WrapSub(RoundingHighProduct(kHalfThreeQ3, y), RoundingHighProduct(half, cube)), 3);
  }
  y = RoundingHighProduct(y, kHalfSqrt2);
  if (shift < 0) {
    y = WrapShiftLeft(y, -shift);
    shift = 0;
  }
  return {y, -shift};
}

namespace {

// value * 2^bits, saturated; rounded to nearest, ties away from zero, where bits are negative.
int32_t ScaledByPowerOfTwo(int32_t value, int bits) {
  if (bits <= 0) return RoundingShiftRight(value, -bits);
  const int64_t wide = value * (int64_t{1} << bits);
  return static_cast<int32_t>(Clamp<int64_t>(wide, kLeastInt32, kMostInt32));
}

}  // namespace

// x = r * 2^power with r near 1, by one of two powers that are half a step apart: the one that
// leaves the larger power. The logarithm of r is a quotient of polynomials in q = 2 (r - 2^(-1/4)).
int32_t LogQ12(int32_t x) {
  constexpr int kInputBits = 12;
  constexpr int kSumBits = 6;  // a bit more than the result's, for what saturates
  constexpr int32_t kLog2 = 1488522236;
  constexpr int32_t kRootHalf = 1518500250;      // 2^(-1/2)
  constexpr int32_t kRootRootHalf = 1805811301;  // 2^(-1/4)
  constexpr int32_t kQuarter = 1 << (31 - kSumBits - 2);
  constexpr int32_t kNumerator = 117049297;      // 11/240 * 2^(1/4)
  constexpr int32_t kDenominator = 127690142;    // 1/20 * 2^(1/4)
  constexpr int32_t kDenominator0 = 1057819769;  // 2^(3/4) - 2^(1/4)
  constexpr int32_t kDenominator1 = 638450708;   // 1/4 * 2^(1/4)
  const auto zeros = [](int32_t value) {
    return value == 0 ? 32 : __builtin_clz(static_cast<uint32_t>(value));
  };
  const int zeros_a = zeros(x);
  const int32_t r_a =
      ScaledByPowerOfTwo(RoundingHighProduct(ScaledByPowerOfTwo(x, zeros_a - 1), kRootHalf), 1);
  const int32_t power_a =
      WrapAdd(ScaledByPowerOfTwo(kInputBits - zeros_a, 31 - kSumBits), kQuarter);
  const int headroom_b = zeros(RoundingHighProduct(x, kRootHalf)) - 1;
  const int32_t r_b = ScaledByPowerOfTwo(x, headroom_b);
  const int32_t power_b =
      WrapSub(ScaledByPowerOfTwo(kInputBits - headroom_b, 31 - kSumBits), kQuarter);
  const int32_t r = r_a < r_b ? r_a : r_b;
  const int32_t power = power_a > power_b ? power_a : power_b;

  const int64_t sum = int64_t{r} + kRootRootHalf;
  const auto middle = static_cast<int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
  const int32_t q = WrapMul(WrapSub(r, kRootRootHalf), 2);
  const int32_t square = RoundingHighProduct(q, q);
  const int32_t numerator = WrapAdd(
      RoundingHighProduct(q, r), RoundingHighProduct(RoundingHighProduct(q, square), kNumerator));
  const int32_t factor =
      WrapAdd(WrapAdd(kDenominator0, q), RoundingHighProduct(kDenominator, square));
  const int32_t denominator =
      WrapAdd(RoundingHighProduct(middle, factor), RoundingHighProduct(kDenominator1, q));
  const int32_t quotient =
      RoundingHighProduct(ScaledByPowerOfTwo(numerator, -kSumBits), OneOverOnePlus(denominator));
  return ScaledByPowerOfTwo(WrapAdd(RoundingHighProduct(power, kLog2), quotient), 1);
}

}  // namespace hil::engine::builtin
