// DIV with broadcasting: float32, int32 (towards zero), int8. Division of integers by zero ends the
// inference.
#include "engine/builtin/activation.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

struct Data : Broadcast {
  FloatRange float_range;
  IntRange int_range;
  Offsets offsets;
  Factor factor;
};

constexpr int32_t kMostShift = 16;  // far below what an int8 quotient leaves as headroom

Status PrepareInt8(Preparation& p, Data* d, int8_t activation) {
  BinaryUnits units;
  HIL_TRY(ExpectUnits(p, *d, &units));
  d->offsets = Offsets::Of(units);
  const double value = QuotientOfScales(
      static_cast<double>(units.a.scale),
      ProductOfScales(static_cast<double>(units.b.scale), static_cast<double>(units.output.scale)));
  if (!MakeFactor(value, &d->factor) || d->factor.shift > kMostShift) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  return FusedRange(p, activation, *d->output, units.output, &d->int_range);
}

Status Prepare(Preparation& p) {
  Data d = {};
  HIL_TRY(ExpectBroadcast(p, &d));
  const auto activation = p.options().Get<int8_t>(0, 0);
  switch (d.a->type) {
    case TensorType::kFloat32:
      HIL_TRY(FusedRange(p, activation, &d.float_range));
      break;
    case TensorType::kInt32:
      HIL_TRY(ExpectNoActivation(p, activation));
      break;
    case TensorType::kInt8:
      HIL_TRY(PrepareInt8(p, &d, activation));
      break;
    default:
      return p.RefuseType(d.a->type, "float32, int32 or int8");
  }
  return p.Keep(d);
}

// x / y times the factor, for y > 0: x is multiplied by the reciprocal of y in full precision and
// scaled down once, at the end.
int32_t Quotient(int32_t x, int32_t y, const Factor& factor) {
  const int zeros = __builtin_clz(static_cast<uint32_t>(y));
  // y * 2^zeros in Q0 is 1 + a fraction, less its leading bit.
  const auto fraction =
      static_cast<int32_t>((static_cast<uint32_t>(y) << zeros) - (uint32_t{1} << 31));
  const int32_t reciprocal = OneOverOnePlus(fraction);
  const int headroom = __builtin_clrsb(x);
  const int32_t quotient = RoundingHighProduct(WrapShiftLeft(x, headroom), reciprocal);
  const int bits = headroom + (31 - zeros) - factor.shift;
  if (bits > 31) return 0;
  return RoundingShiftRight(RoundingHighProduct(quotient, factor.multiplier), bits);
}

bool DivideInt8(const Data& d) {
  bool defined = true;
  RunBroadcast<int8_t>(d, [&d, &defined](int8_t a, int8_t b) {
    const int32_t x = a + d.offsets.a;
    const int32_t y = b + d.offsets.b;
    if (y == 0) defined = false;
    if (y == 0) return int8_t{0};
    const int32_t quotient = y < 0 ? Quotient(-x, -y, d.factor) : Quotient(x, y, d.factor);
    return static_cast<int8_t>(d.int_range.Clamp(WrapAdd(quotient, d.offsets.output)));
  });
  return defined;
}

bool DivideInt32(const Data& d) {
  bool defined = true;
  RunBroadcast<int32_t>(d, [&defined](int32_t a, int32_t b) {
    if (b == 0) defined = false;
    if (b == 0) return int32_t{0};
    return b == -1 ? WrapSub(0, a) : a / b;  // the least integer over -1 wraps
  });
  return defined;
}

Status Eval(const void* data, Runtime& runtime) {
  const Data& d = *static_cast<const Data*>(data);
  bool defined = true;
  ForElement<float, int32_t, int8_t>(d.a->type, [&d, &defined](auto element) {
    using T = decltype(element);
    if constexpr (std::is_same_v<T, float>) {
      RunBroadcast<T>(d, [range = d.float_range](T a, T b) { return range.Clamp(a / b); });
    } else {
      defined = std::is_same_v<T, int32_t> ? DivideInt32(d) : DivideInt8(d);
    }
  });
  return defined ? Status::kOk : runtime.Fail("DIV of an integer by zero");
}

}  // namespace

const Kernel kDivKernel = {schema::kDiv, 2, schema::kDivOptions, "DIV", Prepare, Eval};

}  // namespace hil::engine::builtin
