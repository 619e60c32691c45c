// GATHER: slices of a tensor along one axis, chosen by indices known only while running.
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

constexpr unsigned kAxisField = 0, kBatchDimsField = 1;

struct Data {
  const TensorSlot* input;
  const TensorSlot* indices;
  TensorSlot* output;
  uint32_t outer, axis_size, index_count, slice_bytes;
};

Status Prepare(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 1));
  Data d = {};
  d.input = p.Input(0);
  d.indices = p.Input(1);
  d.output = p.Output(0);
  HIL_TRY(p.ExpectType(*d.output, d.input->type));
  HIL_TRY(p.ExpectType(*d.indices, TensorType::kInt32));
  const int32_t rank = d.input->rank;
  int32_t axis = p.options().Get<int32_t>(kAxisField, 0);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank || p.options().Get<int32_t>(kBatchDimsField, 0) != 0) {
    return p.Refuse(Status::kUnsupportedOption, "has batch dimensions or an axis out of range");
  }
  d.outer = 1;
  for (int32_t i = 0; i < axis; ++i) d.outer *= static_cast<uint32_t>(d.input->dims[i]);
  d.axis_size = static_cast<uint32_t>(d.input->dims[axis]);
  d.slice_bytes = d.input->bytes / d.outer / d.axis_size;
  d.index_count = ElementCount(*d.indices);
  if (uint64_t{d.outer} * d.index_count * d.slice_bytes != d.output->bytes) {
    return p.Refuse(Status::kUnsupportedShape, "has an output of another size than its slices");
  }
  return p.Keep(d);
}

Status Eval(const void* data, Runtime& runtime) {
  const Data& d = *static_cast<const Data*>(data);
  const int32_t* indices = d.indices->As<const int32_t>();
  uint8_t* to = d.output->data;
  for (uint32_t o = 0; o < d.outer; ++o) {
    const uint8_t* from = d.input->data + o * d.axis_size * d.slice_bytes;
    for (uint32_t i = 0; i < d.index_count; ++i, to += d.slice_bytes) {
      const int32_t index = indices[i];
      if (index < 0 || static_cast<uint32_t>(index) >= d.axis_size) {
        return runtime.Fail("GATHER: an index is outside of the tensor");
      }
      std::memcpy(to, from + static_cast<uint32_t>(index) * d.slice_bytes, d.slice_bytes);
    }
  }
  return Status::kOk;
}

}  // namespace

const Kernel kGatherKernel = {schema::kGather, 5, schema::kGatherOptions, "GATHER", Prepare, Eval};

}  // namespace hil::engine::builtin
