// UNPACK and PACK: one axis goes or comes. Any element type.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

namespace pack {
constexpr unsigned kAxis = 1;
}

// Part `index` of `whole` along `axis`, which `part` does not have, is copied from whole to part or
// back.
Status AddPart(Preparation& p, CopyList* copies, TensorSlot& whole, TensorSlot& part, int32_t axis,
               size_t index, bool unpack) {
  bool fits = part.rank + 1 == whole.rank;
  Box box;
  box.rank = whole.rank;
  int64_t* whole_steps = unpack ? box.from_step : box.to_step;
  int64_t* part_steps = unpack ? box.to_step : box.from_step;
  RowMajor(whole, whole_steps);
  int64_t steps[kMaxRank] = {};
  RowMajor(part, steps);
  for (int d = 0; fits && d < whole.rank; ++d) {
    if (d == axis) {
      box.count[d] = 1;
      continue;
    }
    const int own = d < axis ? d : d - 1;
    fits = part.dims[own] == whole.dims[d];
    box.count[d] = static_cast<uint32_t>(whole.dims[d]);
    part_steps[d] = steps[own];
  }
  if (!fits) return p.Refuse(Status::kUnsupportedShape, "has parts that do not make its whole");
  (unpack ? box.from_offset : box.to_offset) = whole_steps[axis] * static_cast<int64_t>(index);
  HIL_TRY(p.ExpectType(part, whole.type));
  copies->Add(unpack ? whole : part, unpack ? part : whole, box);
  return Status::kOk;
}

Status PrepareUnpack(Preparation& p) {
  HIL_TRY(p.ExpectCounts(1, p.OutputCount()));
  TensorSlot& whole = *p.Input(0);
  int32_t axis = p.options().Get<int32_t>(pack::kAxis, 0);
  HIL_TRY(NormaliseAxis(p, &axis, whole.rank));
  if (p.OutputCount() != static_cast<size_t>(whole.dims[axis])) {
    return p.Refuse(Status::kUnsupportedShape, "has more or fewer outputs than its axis is long");
  }
  CopyList copies(p, static_cast<uint32_t>(p.OutputCount()));
  for (size_t i = 0; i < p.OutputCount(); ++i) {
    HIL_TRY(AddPart(p, &copies, whole, *p.Output(i), axis, i, true));
  }
  return Status::kOk;
}

Status PreparePack(Preparation& p) {
  HIL_TRY(p.ExpectCounts(p.InputCount(), 1));
  TensorSlot& whole = *p.Output(0);
  int32_t axis = p.options().Get<int32_t>(pack::kAxis, 0);
  HIL_TRY(NormaliseAxis(p, &axis, whole.rank));
  if (p.InputCount() != static_cast<size_t>(whole.dims[axis])) {
    return p.Refuse(Status::kUnsupportedShape, "has more or fewer inputs than its axis is long");
  }
  CopyList copies(p, static_cast<uint32_t>(p.InputCount()));
  for (size_t i = 0; i < p.InputCount(); ++i) {
    HIL_TRY(AddPart(p, &copies, whole, *p.Input(i), axis, i, false));
  }
  return Status::kOk;
}

}  // namespace

const Kernel kUnpackKernel = {schema::kUnpack, 4,        schema::kUnpackOptions, "UNPACK",
                              PrepareUnpack,   RunCopies};
const Kernel kPackKernel = {schema::kPack, 4, schema::kPackOptions, "PACK", PreparePack, RunCopies};

}  // namespace hil::engine::builtin
