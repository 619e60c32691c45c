// HARD_SWISH, x times (x + 3) / 6 between 0 and 1: float32, and int8 through a table of all
// results.
#include <cmath>
#include <limits>

#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

struct Data : Unary {
  const int8_t* table;  // int8: results by the input's bits
};

// A factor of 15 bits, as the reference keeps it for its 16-bit arithmetic.
struct Factor16 {
  int16_t multiplier;
  int shift;
};

int16_t Saturated16(int64_t x) { return static_cast<int16_t>(Clamp<int64_t>(x, -32768, 32767)); }

// a * b / 2^15, rounded to nearest, ties away from zero.
int16_t RoundingHighProduct16(int16_t a, int16_t b) {
  const int32_t product = a * b;
  return Saturated16((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

bool MakeFactor16(double value, Factor16* factor) {
  Factor wide;
  if (!MakeFactor(value, &wide) || wide.shift < -15) return false;
  const int64_t rounded = (int64_t{wide.multiplier} + (1 << 15)) >> 16;
  *factor = {Saturated16(rounded), wide.shift};
  return true;
}

// x / 3 from -1 to 1 in 1/32768, saturating: the last bit of a left shift comes after the product,
// so that saturation in the others cannot show.
int16_t Third(int16_t x, const Factor16& factor) {
  if (factor.shift > 0) x = Saturated16(x * (int64_t{1} << (factor.shift - 1)));
  const int16_t y = RoundingHighProduct16(x, factor.multiplier);
  if (factor.shift > 0) return Saturated16(int64_t{y} * 2);
  return static_cast<int16_t>(RoundingShiftRight(y, -factor.shift));
}

int8_t HardSwish8(int32_t q, const UnaryUnits& units, const Factor16& output,
                  const Factor16& third) {
  const auto x = static_cast<int16_t>((q - units.input.zero_point) * (1 << 7));
  const int16_t scaled = RoundingHighProduct16(x, output.multiplier);
  const auto share = static_cast<int16_t>((Third(x, third) + (1 << 15)) >> 1);
  const int32_t product = share * scaled / (1 << 15);  // towards zero
  const int32_t y = RoundingShiftRight(product, -output.shift) + units.output.zero_point;
  return static_cast<int8_t>(Clamp(y, -128, 127));
}

Status PrepareInt8(Preparation& p, Data* d) {
  UnaryUnits units;
  HIL_TRY(ExpectUnits(p, *d, &units));
  // Quotients in single precision, as the reference forms them.
  const float fine = (1.0F / 128.0F) * units.input.scale;
  Factor16 output;
  Factor16 third;
  if (!MakeFactor16(static_cast<double>(fine / units.output.scale), &output) || output.shift > 0 ||
      !MakeFactor16(static_cast<double>(fine / (3.0F / 32768.0F)), &third)) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  int8_t* table = p.MakeArray<int8_t>(256);
  d->table = table;
  for (int32_t q = -128; table != nullptr && q <= 127; ++q) {
    table[static_cast<uint8_t>(q)] = HardSwish8(q, units, output, third);
  }
  return Status::kOk;
}

Status Prepare(Preparation& p) {
  Data d = {};
  HIL_TRY(ExpectUnary(p, &d));
  if (d.input->type == TensorType::kInt8) {
    HIL_TRY(PrepareInt8(p, &d));
  } else if (d.input->type != TensorType::kFloat32) {
    return p.RefuseType(d.input->type, "float32 or int8");
  }
  return p.Keep(d);
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  RunUnary<float, int8_t>(d, [&d](auto x) {
    if constexpr (std::is_same_v<decltype(x), float>) {
      const float raised = x + 3.0F;
      const float above = 0.0F < raised ? raised : 0.0F;
      return x * (above < 6.0F ? above : 6.0F) / 6.0F;
    } else {
      return d.table[static_cast<uint8_t>(x)];
    }
  });
  return Status::kOk;
}

}  // namespace

const Kernel kHardSwishKernel = {schema::kHardSwish, 1,       schema::kNoOptions,
                                 "HARD_SWISH",       Prepare, Eval};

}  // namespace hil::engine::builtin
