// DIV with broadcasting: float32, int32 (towards zero), int8. Division of integers by zero ends the
// inference.
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
  FloatRange float_range;
  IntRange int_range;
  int32_t offset_a, offset_b, output_offset;
  Factor factor;
};

constexpr int32_t kMostShift = 16;  // far below what an int8 quotient leaves as headroom

Status PrepareInt8(Preparation& p, Data* d, int8_t activation) {
  Affine a;
  Affine b;
  Affine output;
  HIL_TRY(p.ExpectAffine(*d->a, &a));
  HIL_TRY(p.ExpectAffine(*d->b, &b));
  HIL_TRY(p.ExpectAffine(*d->output, &output));
  d->offset_a = -a.zero_point;
  d->offset_b = -b.zero_point;
  d->output_offset = output.zero_point;
  const double value = static_cast<double>(a.scale) /
                       (static_cast<double>(b.scale) * static_cast<double>(output.scale));
  if (!MakeFactor(value, &d->factor) || d->factor.shift > kMostShift) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  return FusedRange(p, activation, *d->output, output, &d->int_range);
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
  const auto activation = p.options().Get<int8_t>(0, 0);
  switch (d.a->type) {
    case TensorType::kFloat32:
      HIL_TRY(FusedRange(p, activation, &d.float_range));
      break;
    case TensorType::kInt32:
      if (activation != schema::kActivationNone) {
        return p.Refuse(Status::kUnsupportedOption, "has a fused activation on int32");
      }
      break;
    case TensorType::kInt8:
      HIL_TRY(PrepareInt8(p, &d, activation));
      break;
    default:
      return p.Refuse(Status::kUnsupportedType, "takes float32, int32 or int8, not ",
                      TypeName(d.a->type));
  }
  if (Data* data = p.MakeData<Data>()) *data = d;
  return Status::kOk;
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
  ApplyBinary(d.plan, d.a->As<const int8_t>(), d.b->As<const int8_t>(), d.output->As<int8_t>(),
              [&d, &defined](int8_t a, int8_t b) {
                const int32_t x = a + d.offset_a;
                const int32_t y = b + d.offset_b;
                if (y == 0) defined = false;
                if (y == 0) return int8_t{0};
                const int32_t quotient =
                    y < 0 ? Quotient(-x, -y, d.factor) : Quotient(x, y, d.factor);
                return static_cast<int8_t>(d.int_range.Clamp(WrapAdd(quotient, d.output_offset)));
              });
  return defined;
}

bool DivideInt32(const Data& d) {
  bool defined = true;
  ApplyBinary(d.plan, d.a->As<const int32_t>(), d.b->As<const int32_t>(), d.output->As<int32_t>(),
              [&defined](int32_t a, int32_t b) {
                if (b == 0) defined = false;
                if (b == 0) return int32_t{0};
                return b == -1 ? WrapSub(0, a) : a / b;  // the least integer over -1 wraps
              });
  return defined;
}

Status Eval(const void* data, Runtime& runtime) {
  const Data& d = *static_cast<const Data*>(data);
  switch (d.a->type) {
    case TensorType::kFloat32:
      ApplyBinary(d.plan, d.a->As<const float>(), d.b->As<const float>(), d.output->As<float>(),
                  [range = d.float_range](float a, float b) { return range.Clamp(a / b); });
      return Status::kOk;
    case TensorType::kInt32:
      return DivideInt32(d) ? Status::kOk : runtime.Fail("DIV of an integer by zero");
    default:
      return DivideInt8(d) ? Status::kOk : runtime.Fail("DIV of an integer by zero");
  }
}

}  // namespace

const Kernel kDivKernel = {schema::kDiv, 2, schema::kDivOptions, "DIV", Prepare, Eval};

}  // namespace hil::engine::builtin
