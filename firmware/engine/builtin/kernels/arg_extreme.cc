// ARG_MAX, ARG_MIN: where along an axis the largest or smallest element is, the first of equals.
// float32 and int8 to int32.
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

struct Data : Unary {
  uint32_t outer, count, inner;  // the axis has `count` elements, `inner` apart
  bool largest;
};

template <bool kLargest>
Status Prepare(Preparation& p) {
  Data d = {};
  HIL_TRY(p.ExpectCounts(2, 1));
  d.input = p.Input(0);
  d.output = p.Output(0);
  d.largest = kLargest;
  if (d.input->type != TensorType::kFloat32 && d.input->type != TensorType::kInt8) {
    return p.RefuseType(d.input->type, "float32 or int8");
  }
  HIL_TRY(p.ExpectType(*d.output, TensorType::kInt32));
  const int32_t* axes = nullptr;
  size_t axis_count = 0;
  HIL_TRY(p.ExpectConstantInts(1, &axes, &axis_count));
  const int32_t rank = d.input->rank;
  const int32_t axis = axis_count != 1 ? rank : (axes[0] < 0 ? axes[0] + rank : axes[0]);
  if (axis < 0 || axis >= rank) {
    return p.Refuse(Status::kUnsupportedOption, "needs one axis of a tensor of rank ", rank);
  }
  d.outer = d.inner = 1;
  for (int32_t i = 0; i < rank; ++i) {
    const auto size = static_cast<uint32_t>(d.input->dims[i]);
    if (i < axis) d.outer *= size;
    if (i == axis) d.count = size;
    if (i > axis) d.inner *= size;
  }
  if (ElementCount(*d.output) != d.outer * d.inner) {
    return p.Refuse(Status::kUnsupportedShape, "has an output that is not its input without axis");
  }
  return p.Keep(d);
}

template <typename T>
void Run(const Data& d) {
  const T* input = d.input->As<const T>();
  int32_t* output = d.output->As<int32_t>();
  for (uint32_t o = 0; o < d.outer; ++o, input += d.count * d.inner) {
    for (uint32_t i = 0; i < d.inner; ++i) {
      T best = input[i];
      int32_t found = 0;
      for (uint32_t k = 1; k < d.count; ++k) {
        const T value = input[k * d.inner + i];
        if (d.largest ? value > best : value < best) {
          best = value;
          found = static_cast<int32_t>(k);
        }
      }
      *output++ = found;
    }
  }
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int8_t>(d.input->type, [&d](auto element) { Run<decltype(element)>(d); });
  return Status::kOk;
}

}  // namespace

const Kernel kArgMaxKernel = {schema::kArgMax, 2,   schema::kNoOptions, "ARG_MAX",
                              Prepare<true>,   Eval};
const Kernel kArgMinKernel = {schema::kArgMin, 2,   schema::kNoOptions, "ARG_MIN",
                              Prepare<false>,  Eval};

}  // namespace hil::engine::builtin
