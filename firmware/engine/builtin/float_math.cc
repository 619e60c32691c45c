#include "engine/builtin/float_math.h"

#include <cmath>
#include <cstring>

namespace hil::engine::builtin {
namespace {

float FromBits(uint32_t bits) {
  float value = 0.0F;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// 2^n for -126 <= n <= 127.
float PowerOfTwo(int n) { return FromBits(static_cast<uint32_t>(n + 127) << 23); }

constexpr float kLog2E = 1.44269504F;
// ln 2 in two parts: the first has so few bits that its products with n are exact.
constexpr float kLn2High = 0.693145752F;
constexpr float kLn2Low = 1.42860677e-6F;

// (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2: minimax for the error of exp, 2^-28.
float ExpTail(float r) {
  float q = 1.38145965e-3F;
  q = std::fmaf(q, r, 8.36871751e-3F);
  q = std::fmaf(q, r, 4.1668389e-2F);
  q = std::fmaf(q, r, 1.66665211e-1F);
  return std::fmaf(q, r, 4.9999994e-1F);
}

// tanh(x) / x^3 - 1 / x^2 by s = x^2, for x <= 0.55: minimax for the error of tanh, 2^-29.
float TanhTail(float s) {
  float q = -6.27422938e-3F;
  q = std::fmaf(q, s, 2.10716724e-2F);
  q = std::fmaf(q, s, -5.38523085e-2F);
  q = std::fmaf(q, s, 1.3332586e-1F);
  return std::fmaf(q, s, -3.33333164e-1F);
}

}  // namespace

float Exp(float x) {
  constexpr float kOverflow = 88.7228394F;    // ln(2^128)
  constexpr float kUnderflow = -103.972084F;  // ln(2^-150)
  if (!(x > kUnderflow)) return x != x ? x : 0.0F;
  if (x > kOverflow) return FromBits(0x7F800000);  // infinity
  // x = n ln 2 + r: adding 1.5 * 2^23 rounds to an integer.
  constexpr float kRound = 12582912.0F;
  const float n = std::fmaf(x, kLog2E, kRound) - kRound;
  const float high = std::fmaf(n, -kLn2High, x);  // exact
  const float low = n * kLn2Low;
  const float r = high - low;
  const float lost = (high - r) - low;  // what r lacks
  const float e = 1.0F + (r + std::fmaf(ExpTail(r) * r, r, lost));
  // Scale in two steps: 2^n alone may be out of range at both ends.
  const int whole = static_cast<int>(n);
  const int half = whole / 2;
  return e * PowerOfTwo(half) * PowerOfTwo(whole - half);
}

float Tanh(float x) {
  constexpr float kPolynomial = 0.55F;  // tanh is above 1/2 from here on: no bits cancel
  constexpr float kOne = 9.02F;         // from here on the result rounds to 1
  constexpr float kTiny = 2.4e-4F;      // below this tanh(x) rounds to x, also to -0
  const float magnitude = std::fabs(x);
  if (magnitude < kTiny) return x;
  if (magnitude < kPolynomial) {
    const float s = x * x;
    return std::fmaf(TanhTail(s) * s, x, x);
  }
  if (x != x) return x;
  const float result = magnitude > kOne ? 1.0F : 1.0F - 2.0F / (Exp(2.0F * magnitude) + 1.0F);
  return std::copysign(result, x);
}

float Logistic(float x) {
  constexpr float kUpper = 16.619047164916992188F;  // from here on the result rounds to 1
  constexpr float kLower = -9.0F;
  if (x > kUpper) return 1.0F;
  if (x < kLower) return Exp(x);
  return 1.0F / (1.0F + Exp(-x));
}

float ExpMinusOne(float x) {
  constexpr float kPolynomial = -0.34657359F;  // -ln(2) / 2: below this 1 does not cancel much
  if (x > kPolynomial) return std::fmaf(ExpTail(x) * x, x, x);
  return Exp(x) - 1.0F;
}

float Log(float x) {
  if (!(x > 0.0F)) return x == 0.0F ? FromBits(0xFF800000) : FromBits(0x7FC00000);
  uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof(bits));
  if (bits == 0x7F800000) return x;  // infinity
  int exponent = 0;
  if (bits < 0x00800000) {  // denormal
    x *= 8388608.0F;
    exponent = -23;
    std::memcpy(&bits, &x, sizeof(bits));
  }
  // x = m 2^n with m from sqrt(1/2) to sqrt(2), so that the logarithm of m is small where n is 0.
  constexpr uint32_t kSqrtHalf = 0x3F3504F3;
  const uint32_t shifted = bits - kSqrtHalf;
  const auto n = static_cast<float>(exponent + (static_cast<int32_t>(shifted) >> 23));
  const float f = FromBits((shifted & 0x007FFFFF) + kSqrtHalf) - 1.0F;  // exact
  // ln(1 + f) = 2 artanh(s) with s = f / (2 + f); f - s f/... keeps the leading term exact:
  // ln(1 + f) = f - h + s (h + tail) with h = f^2 / 2.
  const float s = f / (2.0F + f);
  const float z = s * s;
  float tail = 0.22222222F;
  tail = std::fmaf(tail, z, 0.28571429F);
  tail = std::fmaf(tail, z, 0.4F);
  tail = std::fmaf(tail, z, 0.66666667F) * z;
  const float h = 0.5F * f * f;
  const float low = std::fmaf(s, h + tail, n * kLn2Low);
  return n * kLn2High + (f - (h - low));
}

}  // namespace hil::engine::builtin
