// CONCATENATION. Any element type; integers of one scale.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

Status PrepareConcatenation(Preparation& p) {
  HIL_TRY(p.ExpectCounts(p.InputCount(), 1));
  TensorSlot& to = *p.Output(0);
  int32_t axis = p.options().Get<int32_t>(0, 0);
  HIL_TRY(NormaliseAxis(p, &axis, to.rank));
  if (p.options().Get<int8_t>(1, 0) != schema::kActivationNone) {
    return p.Refuse(Status::kUnsupportedOption, "has a fused activation");
  }
  CopyList copies(p, static_cast<uint32_t>(p.InputCount()));
  int64_t at = 0;
  for (size_t i = 0; i < p.InputCount(); ++i) {
    const TensorSlot& from = *p.Input(i);
    HIL_TRY(p.ExpectType(from, to.type));
    bool fits = from.rank == to.rank;
    for (int d = 0; fits && d < to.rank; ++d) fits = d == axis || from.dims[d] == to.dims[d];
    if (!fits || at + from.dims[axis] > to.dims[axis]) {
      return p.Refuse(Status::kUnsupportedShape, "has inputs that do not make its output");
    }
    const bool quantised = to.type == TensorType::kInt8 || to.type == TensorType::kInt16;
    if (quantised && !SameUnits(p, from, to)) {
      return p.Refuse(Status::kUnsupportedOption, "joins tensors of different scales");
    }
    Box box;
    box.rank = to.rank;
    RowMajor(from, box.from_step);
    RowMajor(to, box.to_step);
    for (int d = 0; d < to.rank; ++d) box.count[d] = static_cast<uint32_t>(from.dims[d]);
    box.to_offset = box.to_step[axis] * at;
    copies.Add(from, to, box);
    at += from.dims[axis];
  }
  if (at == to.dims[axis]) return Status::kOk;
  return p.Refuse(Status::kUnsupportedShape, "has inputs that do not fill its output");
}

}  // namespace

const Kernel kConcatenationKernel = {schema::kConcatenation,        4,
                                     schema::kConcatenationOptions, "CONCATENATION",
                                     PrepareConcatenation,          RunCopies};

}  // namespace hil::engine::builtin
