// RESHAPE, SQUEEZE, EXPAND_DIMS: the same elements under another shape. Any element type.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

Status PrepareReshape(Preparation& p) {
  if (p.InputCount() < 1 || p.InputCount() > 2 || !p.HasInput(0) || p.OutputCount() != 1) {
    return p.Refuse(Status::kCorruptModel, "needs one or two inputs and one output");
  }
  const TensorSlot& from = *p.Input(0);
  TensorSlot& to = *p.Output(0);
  HIL_TRY(p.ExpectType(to, from.type));
  if (from.bytes != to.bytes) {
    return p.Refuse(Status::kUnsupportedShape, "has ", ElementCount(from), " elements in and ",
                    ElementCount(to), " out");
  }
  Box box;
  box.rank = 1;
  box.count[0] = ElementCount(from);
  box.from_step[0] = box.to_step[0] = 1;
  CopyList(p, 1).Add(from, to, box);
  return Status::kOk;
}

}  // namespace

const Kernel kReshapeKernel = {schema::kReshape, 1,        schema::kNoOptions, "RESHAPE",
                               PrepareReshape,   RunCopies};
const Kernel kSqueezeKernel = {schema::kSqueeze, 2,        schema::kNoOptions, "SQUEEZE",
                               PrepareReshape,   RunCopies};
const Kernel kExpandDimsKernel = {schema::kExpandDims, 1,        schema::kNoOptions, "EXPAND_DIMS",
                                  PrepareReshape,      RunCopies};

}  // namespace hil::engine::builtin
