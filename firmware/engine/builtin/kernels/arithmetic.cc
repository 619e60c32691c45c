// ADD, SUB, MUL, MAXIMUM, MINIMUM with broadcasting: float32, int32, int8, int16.
#include <type_traits>

#include "engine/builtin/activation.h"
#include "engine/builtin/broadcast.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

constexpr unsigned kActivationField = 0;  // in AddOptions, SubOptions and MulOptions alike

struct Data {
  const TensorSlot* a;
  const TensorSlot* b;
  TensorSlot* output;
  BroadcastPlan plan;
  FloatRange float_range;
  IntRange int_range;
  int32_t offset_a, offset_b, output_offset;
  Factor factor_a, factor_b, factor;
};

// Two inputs of one type and an output of the same.
Status PrepareTensors(Preparation& p, Data* d) {
  HIL_TRY(p.ExpectCounts(2, 1));
  d->a = p.Input(0);
  d->b = p.Input(1);
  d->output = p.Output(0);
  HIL_TRY(p.ExpectType(*d->b, d->a->type));
  HIL_TRY(p.ExpectType(*d->output, d->a->type));
  return PlanBroadcast(p, *d->a, *d->b, *d->output, &d->plan);
}

Status Finish(Preparation& p, const Data& d) {
  if (Data* data = p.MakeData<Data>()) *data = d;
  return Status::kOk;
}

// ADD and SUB lift inputs by this many bits before they are rescaled.
template <typename T>
constexpr int kHeadroom = sizeof(T) == 1 ? 20 : 15;

struct Quantised {
  Affine a, b, output;
};

Status PrepareQuantised(Preparation& p, Data* d, Quantised* q) {
  HIL_TRY(p.ExpectAffine(*d->a, &q->a));
  HIL_TRY(p.ExpectAffine(*d->b, &q->b));
  HIL_TRY(p.ExpectAffine(*d->output, &q->output));
  d->offset_a = -q->a.zero_point;
  d->offset_b = -q->b.zero_point;
  d->output_offset = q->output.zero_point;
  return FusedRange(p, p.options().Get<int8_t>(kActivationField, 0), *d->output, q->output,
                    &d->int_range);
}

bool BelowOne(double value, Factor* factor) {
  return value > 0.0 && value < 1.0 && MakeFactor(value, factor);
}

// Both inputs are brought to twice the larger scale, so that the sum cannot overflow.
bool MakeSumFactors(const Quantised& q, int headroom, Data* d) {
  const auto scale_a = static_cast<double>(q.a.scale);
  const auto scale_b = static_cast<double>(q.b.scale);
  const double twice = 2 * (scale_a > scale_b ? scale_a : scale_b);
  const double unit = static_cast<double>(1 << headroom) * static_cast<double>(q.output.scale);
  return BelowOne(scale_a / twice, &d->factor_a) && BelowOne(scale_b / twice, &d->factor_b) &&
         BelowOne(twice / unit, &d->factor);
}

Status PrepareSum(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  switch (d.a->type) {
    case TensorType::kFloat32:
      HIL_TRY(FusedRange(p, p.options().Get<int8_t>(kActivationField, 0), &d.float_range));
      break;
    case TensorType::kInt32:
      if (p.options().Get<int8_t>(kActivationField, 0) != 0) {
        return p.Refuse(Status::kUnsupportedOption, "has a fused activation on int32");
      }
      break;
    case TensorType::kInt8:
    case TensorType::kInt16: {
      Quantised q;
      HIL_TRY(PrepareQuantised(p, &d, &q));
      const int headroom = d.a->type == TensorType::kInt16 ? kHeadroom<int16_t> : kHeadroom<int8_t>;
      if (!MakeSumFactors(q, headroom, &d)) {
        return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
      }
      break;
    }
    default:
      return p.Refuse(Status::kUnsupportedType, "takes float32, int32, int8 or int16, not ",
                      TypeName(d.a->type));
  }
  return Finish(p, d);
}

Status PrepareMul(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  switch (d.a->type) {
    case TensorType::kFloat32:
      HIL_TRY(FusedRange(p, p.options().Get<int8_t>(kActivationField, 0), &d.float_range));
      break;
    case TensorType::kInt32:
      if (p.options().Get<int8_t>(kActivationField, 0) != 0) {
        return p.Refuse(Status::kUnsupportedOption, "has a fused activation on int32");
      }
      break;
    case TensorType::kInt8:
    case TensorType::kInt16: {
      Quantised q;
      HIL_TRY(PrepareQuantised(p, &d, &q));
      const double factor = static_cast<double>(q.a.scale) * static_cast<double>(q.b.scale) /
                            static_cast<double>(q.output.scale);
      const bool centred = d.offset_a == 0 && d.offset_b == 0 && d.output_offset == 0;
      if (!MakeFactor(factor, &d.factor) || (d.a->type == TensorType::kInt16 && !centred)) {
        return p.Refuse(Status::kUnsupportedOption, "has scales or zero points out of range");
      }
      break;
    }
    default:
      return p.Refuse(Status::kUnsupportedType, "takes float32, int32, int8 or int16, not ",
                      TypeName(d.a->type));
  }
  return Finish(p, d);
}

Status PrepareExtreme(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  switch (d.a->type) {
    case TensorType::kFloat32:
    case TensorType::kInt32:
      break;
    case TensorType::kInt8:
    case TensorType::kInt16: {
      // Compared as they are, so they must mean the same.
      Affine a;
      Affine b;
      Affine output;
      HIL_TRY(p.ExpectAffine(*d.a, &a));
      HIL_TRY(p.ExpectAffine(*d.b, &b));
      HIL_TRY(p.ExpectAffine(*d.output, &output));
      break;
    }
    default:
      return p.Refuse(Status::kUnsupportedType, "takes float32, int32, int8 or int16, not ",
                      TypeName(d.a->type));
  }
  return Finish(p, d);
}

// Runs f over the data of the tensors, whose element type is T.
template <typename T, typename Function>
void Run(const Data& d, Function f) {
  ApplyBinary(d.plan, d.a->As<const T>(), d.b->As<const T>(), d.output->As<T>(), f);
}

// The loops get copies of what they need: stores of results could alias the operator's data, and it
// would be read again for each of them.
template <typename T, bool kSubtract>
void EvalQuantisedSum(const Data& d) {
  Run<T>(d,
         [factor_a = d.factor_a, factor_b = d.factor_b, factor = d.factor, offset_a = d.offset_a,
          offset_b = d.offset_b, output_offset = d.output_offset, range = d.int_range](T a, T b) {
           const int32_t x = factor_a.Apply(WrapShiftLeft(a + offset_a, kHeadroom<T>));
           const int32_t y = factor_b.Apply(WrapShiftLeft(b + offset_b, kHeadroom<T>));
           const int32_t sum = factor.Apply(kSubtract ? WrapSub(x, y) : WrapAdd(x, y));
           return static_cast<T>(range.Clamp(WrapAdd(sum, output_offset)));
         });
}

template <bool kSubtract>
Status EvalSum(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  switch (d.a->type) {
    case TensorType::kFloat32:
      Run<float>(d, [range = d.float_range](float a, float b) {
        return range.Clamp(kSubtract ? a - b : a + b);
      });
      break;
    case TensorType::kInt32:
      Run<int32_t>(d,
                   [](int32_t a, int32_t b) { return kSubtract ? WrapSub(a, b) : WrapAdd(a, b); });
      break;
    case TensorType::kInt8:
      EvalQuantisedSum<int8_t, kSubtract>(d);
      break;
    default:
      EvalQuantisedSum<int16_t, kSubtract>(d);
      break;
  }
  return Status::kOk;
}

template <typename T>
void EvalQuantisedMul(const Data& d) {
  Run<T>(d, [factor = d.factor, offset_a = d.offset_a, offset_b = d.offset_b,
             output_offset = d.output_offset, range = d.int_range](T a, T b) {
    const int32_t product = factor.Apply((a + offset_a) * (b + offset_b));
    return static_cast<T>(range.Clamp(WrapAdd(product, output_offset)));
  });
}

Status EvalMul(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  switch (d.a->type) {
    case TensorType::kFloat32:
      Run<float>(d, [range = d.float_range](float a, float b) { return range.Clamp(a * b); });
      break;
    case TensorType::kInt32:
      Run<int32_t>(d, [](int32_t a, int32_t b) { return WrapMul(a, b); });
      break;
    case TensorType::kInt8:
      EvalQuantisedMul<int8_t>(d);
      break;
    default:
      EvalQuantisedMul<int16_t>(d);
      break;
  }
  return Status::kOk;
}

template <typename T, bool kMost>
void RunExtreme(const Data& d) {
  Run<T>(d, [](T a, T b) { return kMost ? (a > b ? a : b) : (a < b ? a : b); });
}

template <bool kMost>
Status EvalExtreme(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  switch (d.a->type) {
    case TensorType::kFloat32:
      RunExtreme<float, kMost>(d);
      break;
    case TensorType::kInt32:
      RunExtreme<int32_t, kMost>(d);
      break;
    case TensorType::kInt8:
      RunExtreme<int8_t, kMost>(d);
      break;
    default:
      RunExtreme<int16_t, kMost>(d);
      break;
  }
  return Status::kOk;
}

}  // namespace

const Kernel kAddKernel = {schema::kAdd, 4, schema::kAddOptions, "ADD", PrepareSum, EvalSum<false>};
const Kernel kSubKernel = {schema::kSub, 5, schema::kSubOptions, "SUB", PrepareSum, EvalSum<true>};
const Kernel kMulKernel = {schema::kMul, 5, schema::kMulOptions, "MUL", PrepareMul, EvalMul};
const Kernel kMaximumKernel = {schema::kMaximum, 4, schema::kNoOptions, "MAXIMUM", PrepareExtreme,
                               EvalExtreme<true>};
const Kernel kMinimumKernel = {schema::kMinimum,  4, schema::kNoOptions, "MINIMUM", PrepareExtreme,
                               EvalExtreme<false>};

}  // namespace hil::engine::builtin
