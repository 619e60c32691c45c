#include <cmath>
#include <cstring>

#include "engine/builtin/float_math.h"

namespace hil::engine::builtin {
namespace {

// 2/pi in binary: 32 zeros in front of the point, then its digits, enough for the largest float.
constexpr uint32_t kTwoOverPi[] = {0x00000000, 0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0,
                                   0xDB629599, 0x3C439041, 0xFE5163AB, 0xDEBBC561};
constexpr uint64_t kHalfPi31 = 0xC90FDAA2;  // pi/2 with 31 binary places
constexpr float kQuarterPi = 0x1.921fb6p-1F;

// x = quadrant * pi/2 + rest, -pi/4 <= rest <= pi/4; quadrants count modulo 4.
struct Angle {
  uint32_t quadrant;
  float rest;
};

uint32_t WordAt(uint32_t bit) {
  const uint32_t word = bit / 32;
  const uint32_t shift = bit % 32;
  const uint64_t pair = uint64_t{kTwoOverPi[word]} << 32 | kTwoOverPi[word + 1];
  return static_cast<uint32_t>(pair >> (32 - shift));
}

// x times 2/pi modulo 4, from pi/4 on, in integers: the core has no double precision, and a float
// loses the digits that cancel near a multiple of pi/2. Of 2/pi only the 96 digits count that are
// worth less than 4 and more than what a float can show.
Angle Quarters(float x) {
  uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof(bits));
  const uint32_t exponent = bits >> 23 & 0xFF;
  const uint64_t mantissa = (bits & 0x7FFFFF) | 0x800000;
  const uint32_t first = exponent - 150 + 30;  // x = mantissa * 2^(exponent - 150)
  uint64_t top = mantissa * WordAt(first) << 32;
  top += mantissa * WordAt(first + 32);
  top += mantissa * WordAt(first + 64) >> 32;
  // The upper two bits of 64 are the quadrant, the others its share. Signed, the share is counted
  // from the nearest multiple.
  const uint64_t rounded = top + (uint64_t{1} << 61);
  const auto share = static_cast<int64_t>(top << 2);
  const uint64_t size = share < 0 ? 0 - static_cast<uint64_t>(share) : static_cast<uint64_t>(share);
  const uint64_t angle = (size >> 32) * kHalfPi31 + ((size & UINT32_MAX) * kHalfPi31 >> 32);
  const float rest = static_cast<float>(angle) * 0x1p-63F;
  return {static_cast<uint32_t>(rounded >> 62), share < 0 ? -rest : rest};
}

Angle Reduce(float x) {
  const float size = std::fabs(x);
  if (size < kQuarterPi) return {0, x};
  const Angle angle = Quarters(size);
  return x < 0.0F ? Angle{0U - angle.quadrant, -angle.rest} : angle;
}

// The power series, whose next terms are below the last bit of a float.
float SinOf(float x) {
  const float z = x * x;
  float sum = 1.0F / 362880.0F;
  sum = sum * z - 1.0F / 5040.0F;
  sum = sum * z + 1.0F / 120.0F;
  sum = sum * z - 1.0F / 6.0F;
  return x + x * z * sum;
}

float CosOf(float x) {
  const float z = x * x;
  float sum = -1.0F / 3628800.0F;
  sum = sum * z + 1.0F / 40320.0F;
  sum = sum * z - 1.0F / 720.0F;
  sum = sum * z + 1.0F / 24.0F;
  sum = sum * z - 0.5F;
  return 1.0F + z * sum;
}

float SinOfQuadrant(uint32_t quadrant, float rest) {
  const float value = (quadrant & 1) != 0 ? CosOf(rest) : SinOf(rest);
  return (quadrant & 2) != 0 ? -value : value;
}

}  // namespace

float Sin(float x) {
  if (!std::isfinite(x)) return x - x;
  if (x == 0.0F) return x;
  const Angle angle = Reduce(x);
  return SinOfQuadrant(angle.quadrant, angle.rest);
}

float Cos(float x) {
  if (!std::isfinite(x)) return x - x;
  const Angle angle = Reduce(x);
  return SinOfQuadrant(angle.quadrant + 1, angle.rest);
}

}  // namespace hil::engine::builtin
