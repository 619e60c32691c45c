#include <cmath>
#include <cstring>

#include "engine/builtin/float_math.h"

namespace hil::engine::builtin {
namespace {

// 2/pi in binary: 32 zeros in front of the point, then its digits, enough for the largest float.
constexpr uint32_t kTwoOverPi[] = {0x00000000, 0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0,
                                   0xDB629599, 0x3C439041, 0xFE5163AB, 0xDEBBC561};
constexpr double kTwoOverPiDouble = 0x1.45f306dc9c883p-1;
// pi/2 in two parts; the first has 33 bits, so that its product with a number of 20 is exact.
constexpr double kHalfPi = 0x1.921fb54400000p+0;
constexpr double kHalfPiRest = 0x1.0b4611a626331p-34;
constexpr float kSmall = 0x1p20F;

// x = quadrant * pi/2 + rest, -pi/4 <= rest <= pi/4; quadrants count modulo 4.
struct Angle {
  uint32_t quadrant;
  double rest;
};

uint32_t WordAt(uint32_t bit) {
  const uint32_t word = bit / 32;
  const uint32_t shift = bit % 32;
  const uint64_t pair = uint64_t{kTwoOverPi[word]} << 32 | kTwoOverPi[word + 1];
  return static_cast<uint32_t>(pair >> (32 - shift));
}

// x times 2/pi modulo 4 in integers: of 2/pi only the 96 digits count that are worth less than 4
// and more than what a float can show.
Angle ReduceLarge(float x) {
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
  return {static_cast<uint32_t>(rounded >> 62),
          static_cast<double>(share) * (0x1p-64 * (kHalfPi + kHalfPiRest))};
}

Angle Reduce(float x) {
  const float size = std::fabs(x);
  if (size >= kSmall) {
    const Angle angle = ReduceLarge(size);
    return x < 0.0F ? Angle{0U - angle.quadrant, -angle.rest} : angle;
  }
  const auto wide = static_cast<double>(x);
  const double turns = wide * kTwoOverPiDouble;
  const auto quadrant = static_cast<int32_t>(turns < 0.0 ? turns - 0.5 : turns + 0.5);
  const auto count = static_cast<double>(quadrant);
  return {static_cast<uint32_t>(quadrant), (wide - count * kHalfPi) - count * kHalfPiRest};
}

// The power series, whose next terms are below the last bit of a float.
double SinOf(double x) {
  const double z = x * x;
  double sum = -1.0 / 39916800.0;
  sum = sum * z + 1.0 / 362880.0;
  sum = sum * z - 1.0 / 5040.0;
  sum = sum * z + 1.0 / 120.0;
  sum = sum * z - 1.0 / 6.0;
  return x + x * z * sum;
}

double CosOf(double x) {
  const double z = x * x;
  double sum = 1.0 / 479001600.0;
  sum = sum * z - 1.0 / 3628800.0;
  sum = sum * z + 1.0 / 40320.0;
  sum = sum * z - 1.0 / 720.0;
  sum = sum * z + 1.0 / 24.0;
  sum = sum * z - 0.5;
  return 1.0 + z * sum;
}

float SinOfQuadrant(uint32_t quadrant, double rest) {
  const double value = (quadrant & 1) != 0 ? CosOf(rest) : SinOf(rest);
  return static_cast<float>((quadrant & 2) != 0 ? -value : value);
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
