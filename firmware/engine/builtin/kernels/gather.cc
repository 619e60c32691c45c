// GATHER: slices of a tensor along one axis, chosen by indices that come in while running. Any
// element type; indices of int16, int32 or int64.
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

constexpr unsigned kAxisField = 0, kBatchDimsField = 1;
constexpr const char* kOutside = "GATHER: an index is outside of the tensor";

extern const Kernel kAnyKernel;

struct Data {
  const TensorSlot* input;
  const TensorSlot* indices;
  TensorSlot* output;
  // Each batch has `index_count` indices of its own, which choose from each of `outer` parts.
  uint32_t outer, axis_size, index_count, slice_bytes;
};

uint32_t Product(const TensorSlot& slot, int32_t begin, int32_t end) {
  uint32_t product = 1;
  for (int32_t d = begin; d < end; ++d) product *= static_cast<uint32_t>(slot.dims[d]);
  return product;
}

Status Prepare(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 1));
  Data d = {};
  d.input = p.Input(0);
  d.indices = p.Input(1);
  d.output = p.Output(0);
  HIL_TRY(p.ExpectType(*d.output, d.input->type));
  const TensorType type = d.indices->type;
  if (type != TensorType::kInt16 && type != TensorType::kInt32 && type != TensorType::kInt64) {
    return p.RefuseType(type, "indices of int16, int32 or int64");
  }
  const int32_t rank = d.input->rank;
  int32_t axis = p.options().Get<int32_t>(kAxisField, 0);
  if (axis < 0) axis += rank;
  int32_t batch_dims = p.options().Get<int32_t>(kBatchDimsField, 0);
  if (batch_dims < 0) batch_dims += d.indices->rank;
  if (axis < 0 || axis >= rank || batch_dims < 0 || batch_dims > axis ||
      batch_dims > d.indices->rank) {
    return p.Refuse(Status::kUnsupportedOption, "has batch dimensions or an axis out of range");
  }
  for (int32_t i = 0; i < batch_dims; ++i) {
    if (d.indices->dims[i] == d.input->dims[i]) continue;
    return p.Refuse(Status::kUnsupportedShape, "has indices for another number of batches");
  }
  const uint32_t batches = Product(*d.input, 0, batch_dims);
  d.outer = Product(*d.input, batch_dims, axis);
  d.axis_size = static_cast<uint32_t>(d.input->dims[axis]);
  d.slice_bytes = d.input->bytes / batches / d.outer / d.axis_size;
  d.index_count = Product(*d.indices, batch_dims, d.indices->rank);
  // In two steps: the product of the first three is below 2^62.
  const uint64_t slices = uint64_t{batches} * d.outer * d.index_count;
  if (d.output->bytes % d.slice_bytes != 0 || slices != d.output->bytes / d.slice_bytes) {
    return p.Refuse(Status::kUnsupportedShape, "has an output of another size than its slices");
  }
  if (type != TensorType::kInt32 || batches != 1) p.RunBy(kAnyKernel);
  return p.Keep(d);
}

// One batch, indices of int32: what loops and embeddings have.
Status Eval(const void* data, Runtime& runtime) {
  const Data& d = *static_cast<const Data*>(data);
  const int32_t* indices = d.indices->As<const int32_t>();
  uint8_t* to = d.output->data;
  for (uint32_t o = 0; o < d.outer; ++o) {
    const uint8_t* from = d.input->data + o * d.axis_size * d.slice_bytes;
    for (uint32_t i = 0; i < d.index_count; ++i, to += d.slice_bytes) {
      const int32_t index = indices[i];
      if (index < 0 || static_cast<uint32_t>(index) >= d.axis_size) {
        return runtime.Fail(kOutside);
      }
      std::memcpy(to, from + static_cast<uint32_t>(index) * d.slice_bytes, d.slice_bytes);
    }
  }
  return Status::kOk;
}

int64_t IndexAt(const TensorSlot& indices, uint32_t i) {
  switch (indices.type) {
    case TensorType::kInt16:
      return indices.As<const int16_t>()[i];
    case TensorType::kInt32:
      return indices.As<const int32_t>()[i];
    default:
      return Int64At(indices, i);
  }
}

Status EvalAny(const void* data, Runtime& runtime) {
  const Data& d = *static_cast<const Data*>(data);
  const uint8_t* from = d.input->data;
  uint8_t* to = d.output->data;
  const uint8_t* end = to + d.output->bytes;
  for (uint32_t first = 0; to != end; first += d.index_count) {  // batch by batch
    for (uint32_t o = 0; o < d.outer; ++o, from += d.axis_size * d.slice_bytes) {
      for (uint32_t i = 0; i < d.index_count; ++i, to += d.slice_bytes) {
        const int64_t index = IndexAt(*d.indices, first + i);
        if (index < 0 || index >= d.axis_size) return runtime.Fail(kOutside);
        std::memcpy(to, from + static_cast<uint32_t>(index) * d.slice_bytes, d.slice_bytes);
      }
    }
  }
  return Status::kOk;
}

const Kernel kAnyKernel = {schema::kGather, 5, schema::kGatherOptions, "GATHER", Prepare, EvalAny};

}  // namespace

const Kernel kGatherKernel = {schema::kGather, 5, schema::kGatherOptions, "GATHER", Prepare, Eval};

}  // namespace hil::engine::builtin
