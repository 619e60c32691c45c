// SQUARED_DIFFERENCE with broadcasting: float32, int32, int8, int16.
#include "engine/builtin/activation.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

struct Data : Broadcast {
  IntRange range;
  Offsets offsets;
  Factor factor_a, factor_b, factor;
};

// int8 inputs are lifted by this many bits before they are rescaled: the square still fits.
template <typename T>
constexpr int kHeadroom = sizeof(T) == 1 ? 7 : 0;

Status PrepareQuantised(Preparation& p, Data* d) {
  BinaryUnits units;
  HIL_TRY(ExpectUnits(p, *d, &units));
  const bool wide = d->a->type == TensorType::kInt16;
  if (wide && !units.Centred()) {
    return p.Refuse(Status::kUnsupportedOption, "has an int16 tensor with a zero point");
  }
  d->offsets = Offsets::Of(units);
  // Both inputs are brought to twice the larger scale.
  const auto scale_a = static_cast<double>(units.a.scale);
  const auto scale_b = static_cast<double>(units.b.scale);
  const double twice = 2.0 * (scale_a > scale_b ? scale_a : scale_b);
  const int headroom = wide ? kHeadroom<int16_t> : kHeadroom<int8_t>;
  const double unit =
      static_cast<double>(1 << 2 * headroom) * static_cast<double>(units.output.scale);
  if (!MakeFactor(scale_a / twice, &d->factor_a) || !MakeFactor(scale_b / twice, &d->factor_b) ||
      !MakeFactor(twice * twice / unit, &d->factor)) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  return FusedRange(p, schema::kActivationNone, *d->output, units.output, &d->range);
}

Status Prepare(Preparation& p) {
  Data d = {};
  HIL_TRY(ExpectBroadcast(p, &d));
  switch (d.a->type) {
    case TensorType::kFloat32:
    case TensorType::kInt32:
      break;
    case TensorType::kInt8:
    case TensorType::kInt16:
      HIL_TRY(PrepareQuantised(p, &d));
      break;
    default:
      return p.RefuseType(d.a->type, "float32, int32, int8 or int16");
  }
  return p.Keep(d);
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int32_t, int8_t, int16_t>(d.a->type, [&d](auto element) {
    using T = decltype(element);
    RunBroadcast<T>(d, [=](T a, T b) {  // a copy of what it needs, see arithmetic.cc
      if constexpr (std::is_same_v<T, float>) {
        return (a - b) * (a - b);
      } else if constexpr (std::is_same_v<T, int32_t>) {
        return WrapMul(WrapSub(a, b), WrapSub(a, b));
      } else {
        const int32_t x = d.factor_a.Apply(WrapShiftLeft(a + d.offsets.a, kHeadroom<T>));
        const int32_t y = d.factor_b.Apply(WrapShiftLeft(b + d.offsets.b, kHeadroom<T>));
        const int32_t difference = WrapSub(x, y);
        const int32_t square = d.factor.Apply(WrapMul(difference, difference));
        return static_cast<T>(d.range.Clamp(WrapAdd(square, d.offsets.output)));
      }
    });
  });
  return Status::kOk;
}

}  // namespace

const Kernel kSquaredDifferenceKernel = {schema::kSquaredDifference, 3,       schema::kNoOptions,
                                         "SQUARED_DIFFERENCE",       Prepare, Eval};

}  // namespace hil::engine::builtin
