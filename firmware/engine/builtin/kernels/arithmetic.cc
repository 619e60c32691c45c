// ADD, SUB, MUL, MAXIMUM, MINIMUM with broadcasting: float32, int32, int8, int16.
#include "engine/builtin/activation.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

constexpr unsigned kActivationField = 0;  // in AddOptions, SubOptions and MulOptions alike

struct Data : Broadcast {
  FloatRange float_range;
  IntRange int_range;
  Offsets offsets;
  Factor factor_a, factor_b;  // ADD, SUB: of the inputs
  Factor factor;              // of the sum or product
};

// ADD and SUB lift inputs by this many bits before they are rescaled.
template <typename T>
constexpr int kHeadroom = sizeof(T) == 1 ? 20 : 15;

bool BelowOne(double value, Factor* factor) {
  return value > 0.0 && value < 1.0 && MakeFactor(value, factor);
}

// Both inputs are brought to twice the larger scale, so that the sum cannot overflow.
template <bool kSubtract>
Status MakeSumFactors(Preparation& p, const BinaryUnits& units, Data* d) {
  const int headroom = d->a->type == TensorType::kInt16 ? kHeadroom<int16_t> : kHeadroom<int8_t>;
  const auto scale_a = static_cast<double>(units.a.scale);
  const auto scale_b = static_cast<double>(units.b.scale);
  const double twice = 2 * (scale_a > scale_b ? scale_a : scale_b);
  const double unit = static_cast<double>(1 << headroom) * static_cast<double>(units.output.scale);
  const auto over = kSubtract ? QuotientOfScales : DoubleQuotient;
  if (BelowOne(over(scale_a, twice), &d->factor_a) &&
      BelowOne(over(scale_b, twice), &d->factor_b) && BelowOne(over(twice, unit), &d->factor)) {
    return Status::kOk;
  }
  return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
}

Status MakeProductFactor(Preparation& p, const BinaryUnits& units, Data* d) {
  const double factor = static_cast<double>(units.a.scale) * static_cast<double>(units.b.scale) /
                        static_cast<double>(units.output.scale);
  if (MakeFactor(factor, &d->factor) && (d->a->type == TensorType::kInt8 || units.Centred())) {
    return Status::kOk;
  }
  return p.Refuse(Status::kUnsupportedOption, "has scales or zero points out of range");
}

template <Status (*kMakeFactors)(Preparation& p, const BinaryUnits& units, Data* d)>
Status Prepare(Preparation& p) {
  Data d = {};
  HIL_TRY(ExpectBroadcast(p, &d));
  const auto activation = p.options().Get<int8_t>(kActivationField, 0);
  switch (d.a->type) {
    case TensorType::kFloat32:
      HIL_TRY(FusedRange(p, activation, &d.float_range));
      break;
    case TensorType::kInt32:
      HIL_TRY(ExpectNoActivation(p, activation));
      break;
    case TensorType::kInt8:
    case TensorType::kInt16: {
      BinaryUnits units;
      HIL_TRY(ExpectUnits(p, d, &units));
      d.offsets = Offsets::Of(units);
      HIL_TRY(FusedRange(p, activation, *d.output, units.output, &d.int_range));
      HIL_TRY(kMakeFactors(p, units, &d));
      break;
    }
    default:
      return p.RefuseType(d.a->type, "float32, int32, int8 or int16");
  }
  return p.Keep(d);
}

Status PrepareExtreme(Preparation& p) {
  if (const Kernel* rare = FindRareKernel(p)) {
    p.RunBy(*rare);
    return rare->prepare(p);
  }
  Broadcast d = {};
  HIL_TRY(ExpectBroadcast(p, &d));
  switch (d.a->type) {
    case TensorType::kFloat32:
    case TensorType::kInt32:
      break;
    case TensorType::kInt8:
    case TensorType::kInt16: {
      BinaryUnits units;  // compared as they are, whatever they mean: so does the reference
      HIL_TRY(ExpectUnits(p, d, &units));
      break;
    }
    default:
      return p.RefuseType(d.a->type, "float32, int32, int8 or int16");
  }
  return p.Keep(d);
}

// The loops get copies of what they need: stores of results could alias the operator's data, and it
// would be read again for each of them.
template <typename T, bool kSubtract>
void EvalQuantisedSum(const Data& d) {
  RunBroadcast<T>(d, [factor_a = d.factor_a, factor_b = d.factor_b, factor = d.factor,
                      offsets = d.offsets, range = d.int_range](T a, T b) {
    const int32_t x = factor_a.Apply(WrapShiftLeft(a + offsets.a, kHeadroom<T>));
    const int32_t y = factor_b.Apply(WrapShiftLeft(b + offsets.b, kHeadroom<T>));
    const int32_t sum = factor.Apply(kSubtract ? WrapSub(x, y) : WrapAdd(x, y));
    return static_cast<T>(range.Clamp(WrapAdd(sum, offsets.output)));
  });
}

template <bool kSubtract>
Status EvalSum(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int32_t, int8_t, int16_t>(d.a->type, [&d](auto element) {
    using T = decltype(element);
    if constexpr (std::is_same_v<T, float>) {
      RunBroadcast<T>(
          d, [range = d.float_range](T a, T b) { return range.Clamp(kSubtract ? a - b : a + b); });
    } else if constexpr (std::is_same_v<T, int32_t>) {
      RunBroadcast<T>(d, [](T a, T b) { return kSubtract ? WrapSub(a, b) : WrapAdd(a, b); });
    } else {
      EvalQuantisedSum<T, kSubtract>(d);
    }
  });
  return Status::kOk;
}

Status EvalMul(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int32_t, int8_t, int16_t>(d.a->type, [&d](auto element) {
    using T = decltype(element);
    if constexpr (std::is_same_v<T, float>) {
      RunBroadcast<T>(d, [range = d.float_range](T a, T b) { return range.Clamp(a * b); });
    } else if constexpr (std::is_same_v<T, int32_t>) {
      RunBroadcast<T>(d, [](T a, T b) { return WrapMul(a, b); });
    } else {
      RunBroadcast<T>(d, [factor = d.factor, offsets = d.offsets, range = d.int_range](T a, T b) {
        const int32_t product = factor.Apply((a + offsets.a) * (b + offsets.b));
        return static_cast<T>(range.Clamp(WrapAdd(product, offsets.output)));
      });
    }
  });
  return Status::kOk;
}

template <bool kMost>
Status EvalExtreme(const void* data, Runtime&) {
  const Broadcast& d = *static_cast<const Broadcast*>(data);
  ForElement<float, int32_t, int8_t, int16_t>(d.a->type, [&d](auto element) {
    using T = decltype(element);
    RunBroadcast<T>(d, [](T a, T b) { return kMost ? (a > b ? a : b) : (a < b ? a : b); });
  });
  return Status::kOk;
}

}  // namespace

const Kernel kAddKernel = {
    schema::kAdd, 4, schema::kAddOptions, "ADD", Prepare<MakeSumFactors<false>>, EvalSum<false>};
const Kernel kSubKernel = {
    schema::kSub, 5, schema::kSubOptions, "SUB", Prepare<MakeSumFactors<true>>, EvalSum<true>};
const Kernel kMulKernel = {schema::kMul, 5, schema::kMulOptions, "MUL", Prepare<MakeProductFactor>,
                           EvalMul};
const Kernel kMaximumKernel = {schema::kMaximum, 4, schema::kNoOptions, "MAXIMUM", PrepareExtreme,
                               EvalExtreme<true>};
const Kernel kMinimumKernel = {schema::kMinimum,  4, schema::kNoOptions, "MINIMUM", PrepareExtreme,
                               EvalExtreme<false>};

}  // namespace hil::engine::builtin
