// SQUARED_DIFFERENCE with broadcasting: float32, int32, int8, int16.
#include "engine/builtin/activation.h"
#include "engine/builtin/broadcast.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

struct Data {
  const TensorSlot* a;
  const TensorSlot* b;
  TensorSlot* output;
  BroadcastPlan plan;
  IntRange range;
  int32_t offset_a, offset_b, output_offset;
  Factor factor_a, factor_b, factor;
};

// int8 inputs are lifted by this many bits before they are rescaled: the square still fits.
template <typename T>
constexpr int kHeadroom = sizeof(T) == 1 ? 7 : 0;

Status PrepareQuantised(Preparation& p, Data* d) {
  Affine a;
  Affine b;
  Affine output;
  HIL_TRY(p.ExpectAffine(*d->a, &a));
  HIL_TRY(p.ExpectAffine(*d->b, &b));
  HIL_TRY(p.ExpectAffine(*d->output, &output));
  const bool wide = d->a->type == TensorType::kInt16;
  if (wide && (a.zero_point != 0 || b.zero_point != 0 || output.zero_point != 0)) {
    return p.Refuse(Status::kUnsupportedOption, "has an int16 tensor with a zero point");
  }
  d->offset_a = -a.zero_point;
  d->offset_b = -b.zero_point;
  d->output_offset = output.zero_point;
  // Both inputs are brought to twice the larger scale.
  const double twice = 2.0 * static_cast<double>(a.scale > b.scale ? a.scale : b.scale);
  const int headroom = wide ? kHeadroom<int16_t> : kHeadroom<int8_t>;
  const double unit = static_cast<double>(1 << 2 * headroom) * static_cast<double>(output.scale);
  if (!MakeFactor(static_cast<double>(a.scale) / twice, &d->factor_a) ||
      !MakeFactor(static_cast<double>(b.scale) / twice, &d->factor_b) ||
      !MakeFactor(twice * twice / unit, &d->factor)) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  return FusedRange(p, schema::kActivationNone, *d->output, output, &d->range);
}

Status Prepare(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 1));
  Data d = {};
  d.a = p.Input(0);
  d.b = p.Input(1);
  d.output = p.Output(0);
  HIL_TRY(p.ExpectType(*d.b, d.a->type));
  HIL_TRY(p.ExpectType(*d.output, d.a->type));
  HIL_TRY(PlanBroadcast(p, *d.a, *d.b, *d.output, &d.plan));
  switch (d.a->type) {
    case TensorType::kFloat32:
    case TensorType::kInt32:
      break;
    case TensorType::kInt8:
    case TensorType::kInt16:
      HIL_TRY(PrepareQuantised(p, &d));
      break;
    default:
      return p.Refuse(Status::kUnsupportedType, "takes float32, int32, int8 or int16, not ",
                      TypeName(d.a->type));
  }
  if (Data* data = p.MakeData<Data>()) *data = d;
  return Status::kOk;
}

template <typename T, typename Function>
void Run(const Data& d, Function f) {
  ApplyBinary(d.plan, d.a->As<const T>(), d.b->As<const T>(), d.output->As<T>(), f);
}

template <typename T>
void RunQuantised(const Data& d) {
  Run<T>(d, [&d](T a, T b) {
    const int32_t x = d.factor_a.Apply(WrapShiftLeft(a + d.offset_a, kHeadroom<T>));
    const int32_t y = d.factor_b.Apply(WrapShiftLeft(b + d.offset_b, kHeadroom<T>));
    const int32_t difference = WrapSub(x, y);
    const int32_t square = d.factor.Apply(WrapMul(difference, difference));
    return static_cast<T>(d.range.Clamp(WrapAdd(square, d.output_offset)));
  });
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  switch (d.a->type) {
    case TensorType::kFloat32:
      Run<float>(d, [](float a, float b) { return (a - b) * (a - b); });
      break;
    case TensorType::kInt32:
      Run<int32_t>(d, [](int32_t a, int32_t b) { return WrapMul(WrapSub(a, b), WrapSub(a, b)); });
      break;
    case TensorType::kInt8:
      RunQuantised<int8_t>(d);
      break;
    default:
      RunQuantised<int16_t>(d);
      break;
  }
  return Status::kOk;
}

}  // namespace

const Kernel kSquaredDifferenceKernel = {schema::kSquaredDifference, 3,       schema::kNoOptions,
                                         "SQUARED_DIFFERENCE",       Prepare, Eval};

}  // namespace hil::engine::builtin
