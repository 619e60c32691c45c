// GATHER_ND: slices of a tensor, each chosen by a tuple of indices. EMBEDDING_LOOKUP: rows of a
// table. Any element type; int8 rows also as float32.
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

struct Data {
  const TensorSlot* input;
  const TensorSlot* indices;
  TensorSlot* output;
  uint32_t tuples, tuple, slice_bytes;
};

Status Prepare(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 1));
  Data d = {};
  d.input = p.Input(0);
  d.indices = p.Input(1);
  d.output = p.Output(0);
  HIL_TRY(p.ExpectType(*d.output, d.input->type));
  HIL_TRY(p.ExpectType(*d.indices, TensorType::kInt32));
  const int rank = d.indices->rank;
  if (rank == 0 || d.indices->dims[rank - 1] > d.input->rank) {
    return p.Refuse(Status::kUnsupportedShape, "has more indices than dimensions");
  }
  d.tuple = static_cast<uint32_t>(d.indices->dims[rank - 1]);
  d.tuples = ElementCount(*d.indices) / d.tuple;
  d.slice_bytes = d.input->bytes;
  for (uint32_t i = 0; i < d.tuple; ++i) {
    d.slice_bytes /= static_cast<uint32_t>(d.input->dims[i]);
  }
  if (uint64_t{d.tuples} * d.slice_bytes != d.output->bytes) {
    return p.Refuse(Status::kUnsupportedShape, "has an output of another size than its slices");
  }
  return p.Keep(d);
}

Status Eval(const void* data, Runtime& runtime) {
  const Data& d = *static_cast<const Data*>(data);
  const int32_t* indices = d.indices->As<const int32_t>();
  uint8_t* to = d.output->data;
  for (uint32_t i = 0; i < d.tuples; ++i, to += d.slice_bytes) {
    uint32_t slice = 0;
    for (uint32_t k = 0; k < d.tuple; ++k) {
      const auto size = static_cast<uint32_t>(d.input->dims[k]);
      const int32_t index = *indices++;
      if (index < 0 || static_cast<uint32_t>(index) >= size) {
        return runtime.Fail("GATHER_ND: an index is outside of the tensor");
      }
      slice = slice * size + static_cast<uint32_t>(index);
    }
    std::memcpy(to, d.input->data + slice * d.slice_bytes, d.slice_bytes);
  }
  return Status::kOk;
}

// --- EMBEDDING_LOOKUP ---

struct LookupData {
  const TensorSlot* ids;
  const TensorSlot* table;
  TensorSlot* output;
  uint32_t row;  // elements
  float scale;   // int8 rows as float32
};

Status PrepareLookup(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 1));
  LookupData d = {};
  d.ids = p.Input(0);
  d.table = p.Input(1);
  d.output = p.Output(0);
  HIL_TRY(p.ExpectType(*d.ids, TensorType::kInt32));
  if (d.ids->rank != 1 || d.table->rank < 2) {
    return p.Refuse(Status::kUnsupportedShape, "takes ids of rank 1 and a table of rank 2 or more");
  }
  if (d.output->type != d.table->type) {
    HIL_TRY(p.ExpectType(*d.table, TensorType::kInt8));
    HIL_TRY(p.ExpectType(*d.output, TensorType::kFloat32));
    Affine affine;
    HIL_TRY(p.ExpectAffine(*d.table, &affine));
    if (affine.zero_point != 0) {
      return p.Refuse(Status::kUnsupportedOption, "has a table with a zero point");
    }
    d.scale = affine.scale;
  }
  d.row = ElementCount(*d.table) / static_cast<uint32_t>(d.table->dims[0]);
  if (uint64_t{ElementCount(*d.ids)} * d.row != ElementCount(*d.output)) {
    return p.Refuse(Status::kUnsupportedShape, "has an output of another size than its rows");
  }
  return p.Keep(d);
}

Status EvalLookup(const void* data, Runtime& runtime) {
  const LookupData& d = *static_cast<const LookupData*>(data);
  const int32_t* ids = d.ids->As<const int32_t>();
  const uint32_t count = ElementCount(*d.ids);
  const auto row_bytes = d.row * static_cast<uint32_t>(ElementBytes(d.table->type));
  for (uint32_t i = 0; i < count; ++i) {
    const int32_t id = ids[i];
    if (id < 0 || id >= d.table->dims[0]) {
      return runtime.Fail("EMBEDDING_LOOKUP: an id is outside of the table");
    }
    const uint8_t* row = d.table->data + static_cast<uint32_t>(id) * row_bytes;
    if (d.output->type == d.table->type) {
      std::memcpy(d.output->data + i * row_bytes, row, row_bytes);
      continue;
    }
    float* to = d.output->As<float>() + i * d.row;
    for (uint32_t k = 0; k < d.row; ++k) {
      to[k] = d.scale * static_cast<float>(static_cast<int8_t>(row[k]));
    }
  }
  return Status::kOk;
}

}  // namespace

const Kernel kGatherNdKernel = {schema::kGatherNd, 5,       schema::kNoOptions,
                                "GATHER_ND",       Prepare, Eval};
const Kernel kEmbeddingLookupKernel = {
    schema::kEmbeddingLookup, 4, schema::kNoOptions, "EMBEDDING_LOOKUP", PrepareLookup, EvalLookup};

}  // namespace hil::engine::builtin
