// TRANSPOSE and REVERSE_V2: the same elements in another order. Any element type.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

Status PrepareTranspose(Preparation& p) {
  const TensorSlot* input = nullptr;
  TensorSlot* output = nullptr;
  HIL_TRY(ExpectMove(p, 2, &input, &output));
  const TensorSlot& from = *input;
  TensorSlot& to = *output;
  const int32_t* order = nullptr;
  size_t count = 0;
  HIL_TRY(p.ExpectConstantInts(1, &order, &count));
  bool fits = count == from.rank && to.rank == from.rank;
  Box box;
  box.rank = from.rank;
  int64_t from_steps[kMaxRank];
  RowMajor(from, from_steps);
  RowMajor(to, box.to_step);
  uint32_t seen = 0;
  for (int d = 0; fits && d < box.rank; ++d) {
    const int32_t source = order[d] < 0 ? order[d] + from.rank : order[d];
    fits = source >= 0 && source < from.rank && (seen >> source & 1) == 0 &&
           to.dims[d] == from.dims[source];
    if (!fits) break;
    seen |= 1U << source;
    box.count[d] = static_cast<uint32_t>(to.dims[d]);
    box.from_step[d] = from_steps[source];
  }
  if (!fits) return p.Refuse(Status::kUnsupportedShape, "has no valid order of dimensions");
  CopyList(p, 1).Add(from, to, box);
  return Status::kOk;
}

Status PrepareReverse(Preparation& p) {
  const TensorSlot* input = nullptr;
  TensorSlot* output = nullptr;
  HIL_TRY(ExpectMove(p, 2, &input, &output));
  const TensorSlot& from = *input;
  TensorSlot& to = *output;
  HIL_TRY(p.ExpectSameShape(from, to));
  int32_t axis = 0;
  HIL_TRY(ConstantAxis(p, 1, from.rank, &axis));
  Box box;
  box.rank = from.rank;
  RowMajor(from, box.from_step);
  RowMajor(to, box.to_step);
  for (int d = 0; d < box.rank; ++d) box.count[d] = static_cast<uint32_t>(to.dims[d]);
  box.from_offset = box.from_step[axis] * (from.dims[axis] - 1);
  box.from_step[axis] = -box.from_step[axis];
  CopyList(p, 1).Add(from, to, box);
  return Status::kOk;
}

}  // namespace

const Kernel kTransposeKernel = {schema::kTranspose, 6,        schema::kNoOptions, "TRANSPOSE",
                                 PrepareTranspose,   RunCopies};
const Kernel kReverseV2Kernel = {schema::kReverseV2, 3,        schema::kNoOptions, "REVERSE_V2",
                                 PrepareReverse,     RunCopies};

}  // namespace hil::engine::builtin
