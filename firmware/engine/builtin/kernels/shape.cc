// SHAPE: the dimensions of a tensor, which are all known at Load. What computes a size from them
// while running is refused by its own kernel.
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

Status Prepare(Preparation& p) {
  Unary d = {};
  HIL_TRY(p.ExpectCounts(1, 1));
  d.input = p.Input(0);
  d.output = p.Output(0);
  HIL_TRY(p.ExpectType(*d.output, TensorType::kInt32));
  if (d.output->rank != 1 || ElementCount(*d.output) != d.input->rank) {
    return p.Refuse(Status::kUnsupportedShape, "has an output of another length than its rank");
  }
  return p.Keep(d);
}

Status Eval(const void* data, Runtime&) {
  const Unary& d = *static_cast<const Unary*>(data);
  int32_t* output = d.output->As<int32_t>();
  for (uint32_t i = 0; i < d.input->rank; ++i) output[i] = d.input->dims[i];
  return Status::kOk;
}

}  // namespace

const Kernel kShapeKernel = {schema::kShape, 1, schema::kNoOptions, "SHAPE", Prepare, Eval};

}  // namespace hil::engine::builtin
