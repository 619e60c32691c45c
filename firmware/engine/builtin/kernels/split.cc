// SPLIT and SPLIT_V: consecutive slices along one axis. Any element type.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

Status PrepareSplitAlong(Preparation& p, const TensorSlot& from, int32_t axis) {
  CopyList copies(p, static_cast<uint32_t>(p.OutputCount()));
  int64_t at = 0;
  for (size_t i = 0; i < p.OutputCount(); ++i) {
    TensorSlot& to = *p.Output(i);
    HIL_TRY(p.ExpectType(to, from.type));
    bool fits = to.rank == from.rank;
    for (int d = 0; fits && d < from.rank; ++d) fits = d == axis || to.dims[d] == from.dims[d];
    if (!fits || at + to.dims[axis] > from.dims[axis]) {
      return p.Refuse(Status::kUnsupportedShape, "has outputs that are not parts of its input");
    }
    int32_t begin[kMaxRank] = {};
    begin[axis] = static_cast<int32_t>(at);
    copies.Add(from, to, SliceBox(from, to, begin));
    at += to.dims[axis];
  }
  if (at == from.dims[axis]) return Status::kOk;
  return p.Refuse(Status::kUnsupportedShape, "has outputs that do not cover its input");
}

Status PrepareSplit(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, p.OutputCount()));
  const TensorSlot& from = *p.Input(1);
  int32_t axis = 0;
  HIL_TRY(ConstantAxis(p, 0, from.rank, &axis));
  return PrepareSplitAlong(p, from, axis);
}

Status PrepareSplitV(Preparation& p) {
  HIL_TRY(p.ExpectCounts(3, p.OutputCount()));
  const TensorSlot& from = *p.Input(0);
  const int32_t* sizes = nullptr;
  size_t count = 0;
  HIL_TRY(p.ExpectConstantInts(1, &sizes, &count));
  int32_t axis = 0;
  HIL_TRY(ConstantAxis(p, 2, from.rank, &axis));
  for (size_t i = 0; i < count && i < p.OutputCount(); ++i) {
    const TensorSlot& to = *p.Output(i);
    const bool fits = axis < to.rank && (sizes[i] == -1 || sizes[i] == to.dims[axis]);
    if (!fits)
      return p.Refuse(Status::kUnsupportedShape, "has outputs of other sizes than it says");
  }
  return PrepareSplitAlong(p, from, axis);
}

}  // namespace

const Kernel kSplitKernel = {schema::kSplit, 4,        schema::kSplitOptions, "SPLIT",
                             PrepareSplit,   RunCopies};
const Kernel kSplitVKernel = {schema::kSplitV, 2,        schema::kNoOptions, "SPLIT_V",
                              PrepareSplitV,   RunCopies};

}  // namespace hil::engine::builtin
