// MEAN, SUM (float32, int8, int16), REDUCE_MAX, REDUCE_MIN (float32, int8), REDUCE_ALL (bool).
//
// Elements of one result are met in the order of the input, as the reference does: for floats the
// order of the sum shows in its last bit.
#include <limits>

#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

struct Axis {
  uint32_t count;
  uint32_t step;  // input elements
};

struct Data : Unary {
  Axis kept[kMaxRank];  // outermost first
  Axis reduced[kMaxRank];
  uint32_t kept_rank, reduced_rank;
  uint32_t count;  // elements of one result
  int32_t input_zero_point, output_zero_point;
  Factor factor;
};

// Kept dimensions must be the output's, in order; it may or may not hold a 1 for each reduced one.
Status PrepareShape(Preparation& p, Data* d) {
  HIL_TRY(p.ExpectCounts(2, 1));
  d->input = p.Input(0);
  d->output = p.Output(0);
  HIL_TRY(p.ExpectType(*d->output, d->input->type));
  const int32_t* axes = nullptr;
  size_t axis_count = 0;
  HIL_TRY(p.ExpectConstantInts(1, &axes, &axis_count));
  const int32_t rank = d->input->rank;
  bool reduce[kMaxRank] = {};
  for (size_t i = 0; i < axis_count; ++i) {
    const int32_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    if (axis < 0 || axis >= rank) {
      return p.Refuse(Status::kUnsupportedOption, "has axis ", axes[i], " for a tensor of rank ",
                      rank);
    }
    reduce[axis] = true;
  }
  d->count = 1;
  uint32_t results = 1;
  uint32_t step = ElementCount(*d->input);
  for (int32_t i = 0; i < rank; ++i) {
    const auto size = static_cast<uint32_t>(d->input->dims[i]);
    step /= size;
    if (size == 1) continue;
    (reduce[i] ? d->reduced[d->reduced_rank++] : d->kept[d->kept_rank++]) = {size, step};
    (reduce[i] ? d->count : results) *= size;
  }
  uint32_t seen = 0;
  bool fits = results == ElementCount(*d->output);
  for (int32_t i = 0; fits && i < d->output->rank; ++i) {
    const auto size = static_cast<uint32_t>(d->output->dims[i]);
    if (size != 1) fits = seen < d->kept_rank && d->kept[seen++].count == size;
  }
  if (!fits) {
    return p.Refuse(Status::kUnsupportedShape, "has an output that is not its reduced input");
  }
  return Status::kOk;
}

// MEAN: the division joins the factor. The quotient keeps all bits of the multiplier as long as the
// shift that makes up for it stays in range.
void DivideBy(uint32_t count, Factor* factor) {
  int32_t shift = 0;
  while (count >> shift > 1) ++shift;
  if (shift > 31 + factor->shift) shift = 31 + factor->shift;
  factor->multiplier =
      static_cast<int32_t>((static_cast<int64_t>(factor->multiplier) << shift) / count);
  factor->shift -= shift;
}

template <bool kMean>
Status PrepareSum(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareShape(p, &d));
  switch (d.input->type) {
    case TensorType::kFloat32:
      break;
    case TensorType::kInt8:
    case TensorType::kInt16: {
      UnaryUnits units;
      HIL_TRY(ExpectUnits(p, d, &units));
      d.input_zero_point = units.input.zero_point;
      d.output_zero_point = units.output.zero_point;
      if (!MakeFactor(units.DoubleRatio(), &d.factor)) {
        return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
      }
      if (kMean) DivideBy(d.count, &d.factor);
      break;
    }
    default:
      return p.RefuseType(d.input->type, "float32, int8 or int16");
  }
  return p.Keep(d);
}

Status PrepareExtreme(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareShape(p, &d));
  if (d.input->type == TensorType::kInt8) {
    UnaryUnits units;
    HIL_TRY(ExpectUnits(p, d, &units));
    if (!units.Same()) {
      return p.Refuse(Status::kUnsupportedOption, "has an output in other units than its input");
    }
  } else if (d.input->type != TensorType::kFloat32) {
    return p.RefuseType(d.input->type, "float32 or int8");
  }
  return p.Keep(d);
}

// Steps `index` and `position` to the next element; false after the last one.
bool Next(const Axis* axes, uint32_t rank, uint32_t* index, uint32_t* position) {
  for (uint32_t k = rank; k > 0; --k) {
    const Axis& axis = axes[k - 1];
    *position += axis.step;
    if (++index[k - 1] < axis.count) return true;
    *position -= axis.step * axis.count;
    index[k - 1] = 0;
  }
  return false;
}

// output = finish(add(...add(start, x0)..., xn)) for each result.
template <typename T, typename Sum, typename Add, typename Finish>
void Run(const Data& d, Sum start, Add add, Finish finish) {
  const T* input = d.input->As<const T>();
  T* output = d.output->As<T>();
  uint32_t kept_index[kMaxRank] = {};
  uint32_t origin = 0;
  do {
    uint32_t index[kMaxRank] = {};
    uint32_t position = origin;
    Sum sum = start;
    do {
      sum = add(sum, input[position]);
    } while (Next(d.reduced, d.reduced_rank, index, &position));
    *output++ = finish(sum);
  } while (Next(d.kept, d.kept_rank, kept_index, &origin));
}

template <typename T>
void RunQuantisedSum(const Data& d) {
  // The zero point is taken off the whole sum at once.
  const int32_t zeros = WrapMul(d.input_zero_point, static_cast<int32_t>(d.count));
  Run<T>(
      d, int32_t{0}, [](int32_t sum, T x) { return WrapAdd(sum, x); },
      [&d, zeros](int32_t sum) {
        const int32_t y = WrapAdd(d.factor.Apply(WrapSub(sum, zeros)), d.output_zero_point);
        return static_cast<T>(
            Clamp<int32_t>(y, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
      });
}

template <bool kMean>
Status EvalSum(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int8_t, int16_t>(d.input->type, [&d](auto element) {
    using T = decltype(element);
    if constexpr (std::is_same_v<T, float>) {
      Run<T>(
          d, 0.0F, [](T sum, T x) { return sum + x; },
          [&d](T sum) { return kMean ? sum / static_cast<T>(d.count) : sum; });
    } else {
      RunQuantisedSum<T>(d);
    }
  });
  return Status::kOk;
}

template <typename T, bool kMost>
void RunExtreme(const Data& d) {
  const T start = kMost ? std::numeric_limits<T>::lowest() : std::numeric_limits<T>::max();
  Run<T>(
      d, start, [](T best, T x) { return kMost ? (x > best ? x : best) : (x < best ? x : best); },
      [](T best) { return best; });
}

template <bool kMost>
Status EvalExtreme(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int8_t>(d.input->type,
                            [&d](auto element) { RunExtreme<decltype(element), kMost>(d); });
  return Status::kOk;
}

Status PrepareAll(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareShape(p, &d));
  HIL_TRY(p.ExpectType(*d.input, TensorType::kBool));
  return p.Keep(d);
}

Status EvalAll(const void* data, Runtime&) {
  // uint8_t is how a bool lies in memory.
  Run<uint8_t>(
      *static_cast<const Data*>(data), true, [](bool all, uint8_t x) { return all && x != 0; },
      [](bool all) { return static_cast<uint8_t>(all); });
  return Status::kOk;
}

}  // namespace

const Kernel kMeanKernel = {schema::kMean, 3, schema::kNoOptions, "MEAN", PrepareSum<true>,
                            EvalSum<true>};
const Kernel kSumKernel = {schema::kSum,  2, schema::kNoOptions, "SUM", PrepareSum<false>,
                           EvalSum<false>};
const Kernel kReduceAllKernel = {schema::kReduceAll, 1,          schema::kNoOptions,
                                 "REDUCE_ALL",       PrepareAll, EvalAll};
const Kernel kReduceMaxKernel = {
    schema::kReduceMax, 3, schema::kNoOptions, "REDUCE_MAX", PrepareExtreme, EvalExtreme<true>};
const Kernel kReduceMinKernel = {
    schema::kReduceMin, 3, schema::kNoOptions, "REDUCE_MIN", PrepareExtreme, EvalExtreme<false>};

}  // namespace hil::engine::builtin
