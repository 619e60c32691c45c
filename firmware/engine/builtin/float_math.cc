#include "engine/builtin/float_math.h"

#include <cmath>
#include <cstring>

namespace hil::engine::builtin {
namespace {

float FromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// 2^n for -126 <= n <= 127.
float PowerOfTwo(int n) { return FromBits(static_cast<uint32_t>(n + 127) << 23); }

constexpr float kLog2E = 1.44269504F;
// ln 2 in two parts: the first has so few bits that its products with n are exact.
constexpr float kLn2High = 0.693145752F;
constexpr float kLn2Low = 1.42860677e-6F;

// exp(r) - 1 - r over r^2, for |r| <= ln(2) / 2 (minimax, relative error of exp below 2^-27).
float ExpTail(float r) {
  float q = 1.39815744e-3F;
  q = std::fmaf(q, r, 8.37344602e-3F);
  q = std::fmaf(q, r, 4.16658521e-2F);
  q = std::fmaf(q, r, 1.66664720e-1F);
  return std::fmaf(q, r, 0.5F);
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
  float r = std::fmaf(n, -kLn2High, x);
  r = std::fmaf(n, -kLn2Low, r);
  const float e = 1.0F + std::fmaf(ExpTail(r) * r, r, r);
  // Scale in two steps: 2^n alone may be out of range at both ends.
  const int whole = static_cast<int>(n);
  const int half = whole / 2;
  return e * PowerOfTwo(half) * PowerOfTwo(whole - half);
}

float Tanh(float x) {
  const float magnitude = std::fabs(x);
  float result;
  if (magnitude < 0.625F) {
    // Odd polynomial, minimax.
    const float s = x * x;
    float q = -5.70498872e-3F;
    q = std::fmaf(q, s, 2.06390887e-2F);
    q = std::fmaf(q, s, -5.37397155e-2F);
    q = std::fmaf(q, s, 1.33314422e-1F);
    q = std::fmaf(q, s, -3.33332819e-1F);
    return std::fmaf(q * s, x, x);
  }
  if (magnitude > 9.02F) {
    result = 1.0F;
  } else {
    result = 1.0F - 2.0F / (Exp(2.0F * magnitude) + 1.0F);
  }
  if (x != x) return x;
  return std::copysign(result, x);
}

float Logistic(float x) {
  constexpr float kUpper = 16.619047164916992188F;  // from here on the result rounds to 1
  constexpr float kLower = -9.0F;
  if (x > kUpper) return 1.0F;
  if (x < kLower) return Exp(x);
  return 1.0F / (1.0F + Exp(-x));
}

}  // namespace hil::engine::builtin
