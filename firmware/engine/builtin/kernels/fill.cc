// FILL and ZEROS_LIKE: one element all over a tensor. Any element type.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

Status KeepFill(Preparation& p, const Fill& fill) {
  Fill* kept = p.MakeArray<Fill>(1);
  if (kept != nullptr) *kept = fill;
  CopyList(p, 0, kept);
  return Status::kOk;
}

Status PrepareFill(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 1));
  TensorSlot& to = *p.Output(0);
  const TensorSlot& value = *p.Input(1);
  HIL_TRY(p.ExpectType(value, to.type));
  const int32_t* dims = nullptr;
  size_t rank = 0;
  HIL_TRY(p.ExpectConstantInts(0, &dims, &rank));
  bool fits = rank == to.rank && ElementCount(value) == 1;
  for (int d = 0; fits && d < to.rank; ++d) fits = dims[d] == to.dims[d];
  if (!fits) {
    return p.Refuse(Status::kUnsupportedShape, "has an output of another shape than it says");
  }
  Fill fill = FillWith(to, 0);
  fill.value = &value;
  return KeepFill(p, fill);
}

Status PrepareZeros(Preparation& p) {
  const TensorSlot* input = nullptr;
  TensorSlot* output = nullptr;
  HIL_TRY(ExpectMove(p, 1, &input, &output));
  HIL_TRY(p.ExpectSameShape(*input, *output));
  Fill fill = FillWith(*output, 0);
  // There are four bytes of zero to copy from.
  if (fill.element_bytes > sizeof(fill.zero)) fill.element_bytes = sizeof(fill.zero);
  return KeepFill(p, fill);
}

}  // namespace

const Kernel kFillKernel = {schema::kFill, 4, schema::kNoOptions, "FILL", PrepareFill, RunCopies};
const Kernel kZerosLikeKernel = {schema::kZerosLike, 1,        schema::kNoOptions, "ZEROS_LIKE",
                                 PrepareZeros,       RunCopies};

}  // namespace hil::engine::builtin
