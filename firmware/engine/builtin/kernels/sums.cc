// ADD_N, the sum of several tensors, and CUMSUM, the sums of a tensor along an axis: float32, int8.
//
// int8 sums are kept in half of the input's unit, lifted by 20 bits, as ADD has it. As in the
// reference they begin at a stored 0, not at a real one.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

constexpr int kHeadroom = 20;

struct SumUnits {
  int32_t input_offset, output_offset;
  Factor half;    // of the inputs
  Factor factor;  // of the sum

  int32_t Lift(int32_t x) const { return half.Apply(WrapShiftLeft(x + input_offset, kHeadroom)); }
  int8_t Finish(int32_t sum) const {
    const int32_t y = WrapAdd(factor.Apply(sum), output_offset);
    return static_cast<int8_t>(Clamp(y, -128, 127));
  }
};

Status PrepareUnits(Preparation& p, const TensorSlot& input, const TensorSlot& output,
                    SumUnits* sum) {
  Affine in;
  Affine out;
  HIL_TRY(p.ExpectAffine(input, &in));
  HIL_TRY(p.ExpectAffine(output, &out));
  const double ratio = 2.0 * static_cast<double>(in.scale) /
                       (static_cast<double>(1 << kHeadroom) * static_cast<double>(out.scale));
  if (!(ratio < 1.0) || !MakeFactor(0.5, &sum->half) || !MakeFactor(ratio, &sum->factor)) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  sum->input_offset = -in.zero_point;
  sum->output_offset = out.zero_point;
  return Status::kOk;
}

Status ExpectFloatOrInt8(Preparation& p, TensorType type) {
  if (type == TensorType::kFloat32 || type == TensorType::kInt8) return Status::kOk;
  return p.RefuseType(type, "float32 or int8");
}

// --- ADD_N ---

struct AddData {
  const TensorSlot* const* inputs;
  uint32_t count;
  TensorSlot* output;
  SumUnits units;
};

Status PrepareAddN(Preparation& p) {
  HIL_TRY(p.ExpectCounts(p.InputCount(), 1));
  if (p.InputCount() < 2) {
    return p.Refuse(Status::kCorruptModel, "needs two inputs or more");
  }
  AddData d = {};
  d.count = static_cast<uint32_t>(p.InputCount());
  d.output = p.Output(0);
  HIL_TRY(ExpectFloatOrInt8(p, d.output->type));
  auto** inputs = p.MakeArray<const TensorSlot*>(d.count);
  d.inputs = inputs;
  const TensorSlot& first = *p.Input(0);
  for (uint32_t i = 0; i < d.count; ++i) {
    const TensorSlot& input = *p.Input(i);
    HIL_TRY(p.ExpectType(input, d.output->type));
    HIL_TRY(p.ExpectSameShape(input, *d.output));
    if (input.type == TensorType::kInt8 && !SameUnits(p, input, first)) {
      return p.Refuse(Status::kUnsupportedOption, "adds tensors of different scales");
    }
    if (inputs != nullptr) inputs[i] = &input;
  }
  if (first.type == TensorType::kInt8) HIL_TRY(PrepareUnits(p, first, *d.output, &d.units));
  return p.Keep(d);
}

Status EvalAddN(const void* data, Runtime&) {
  const AddData& d = *static_cast<const AddData*>(data);
  const uint32_t elements = ElementCount(*d.output);
  for (uint32_t e = 0; e < elements; ++e) {
    if (d.output->type == TensorType::kFloat32) {
      float sum = 0.0F;
      for (uint32_t i = 0; i < d.count; ++i) sum += d.inputs[i]->As<const float>()[e];
      d.output->As<float>()[e] = sum;
    } else {
      int32_t sum = d.units.Lift(0);
      for (uint32_t i = 0; i < d.count; ++i) {
        sum = WrapAdd(sum, d.units.Lift(d.inputs[i]->As<const int8_t>()[e]));
      }
      d.output->As<int8_t>()[e] = d.units.Finish(sum);
    }
  }
  return Status::kOk;
}

// --- CUMSUM ---

struct CumsumData : Unary {
  uint32_t outer, depth, inner;  // elements before the axis, along it and behind it
  bool exclusive, reverse;
  SumUnits units;
};

Status PrepareCumsum(Preparation& p) {
  CumsumData d = {};
  const TensorSlot* input = nullptr;
  HIL_TRY(ExpectMove(p, 2, &input, &d.output));
  d.input = input;
  HIL_TRY(ExpectFloatOrInt8(p, input->type));
  HIL_TRY(p.ExpectSameShape(*input, *d.output));
  int32_t axis = 0;
  HIL_TRY(ConstantAxis(p, 1, input->rank, &axis));
  d.outer = d.inner = 1;
  for (int i = 0; i < input->rank; ++i) {
    const auto size = static_cast<uint32_t>(input->dims[i]);
    (i < axis ? d.outer : i > axis ? d.inner : d.depth) *= i == axis ? 1 : size;
    if (i == axis) d.depth = size;
  }
  d.exclusive = p.options().Get<uint8_t>(0, 0) != 0;
  d.reverse = p.options().Get<uint8_t>(1, 0) != 0;
  if (input->type == TensorType::kInt8) HIL_TRY(PrepareUnits(p, *input, *d.output, &d.units));
  return p.Keep(d);
}

// output = finish(sum) along each line of the axis, where sum = add(sum, input) from `start` on.
template <typename T, typename Sum, typename Add, typename Finish>
void RunCumsum(const CumsumData& d, Sum start, Add add, Finish finish) {
  const T* input = d.input->As<const T>();
  T* output = d.output->As<T>();
  for (uint32_t o = 0; o < d.outer; ++o) {
    for (uint32_t i = 0; i < d.inner; ++i) {
      Sum sum = start;
      for (uint32_t k = 0; k < d.depth; ++k) {
        const uint32_t step = d.reverse ? d.depth - 1 - k : k;
        const uint32_t at = (o * d.depth + step) * d.inner + i;
        const Sum next = add(sum, input[at]);
        output[at] = finish(d.exclusive ? sum : next);
        sum = next;
      }
    }
  }
}

Status EvalCumsum(const void* data, Runtime&) {
  const CumsumData& d = *static_cast<const CumsumData*>(data);
  if (d.input->type == TensorType::kFloat32) {
    RunCumsum<float>(
        d, 0.0F, [](float sum, float x) { return sum + x; }, [](float sum) { return sum; });
    return Status::kOk;
  }
  RunCumsum<int8_t>(
      d, d.units.Lift(0), [&d](int32_t sum, int8_t x) { return WrapAdd(sum, d.units.Lift(x)); },
      [&d](int32_t sum) { return d.units.Finish(sum); });
  return Status::kOk;
}

}  // namespace

const Kernel kAddNKernel = {schema::kAddN, 1, schema::kNoOptions, "ADD_N", PrepareAddN, EvalAddN};
const Kernel kCumsumKernel = {schema::kCumsum, 1,         schema::kCumsumOptions, "CUMSUM",
                              PrepareCumsum,   EvalCumsum};

}  // namespace hil::engine::builtin
