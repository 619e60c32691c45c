// MIRROR_PAD: what lies outside of a tensor is its mirror image. Any element type.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

constexpr int8_t kReflect = 0;  // the element at the border is not repeated

// The input goes to its place in the output; then the output is mirrored at both ends of one
// dimension after the other, the innermost first, over what is filled so far.
Status Prepare(Preparation& p) {
  const TensorSlot* input = nullptr;
  TensorSlot* output = nullptr;
  HIL_TRY(ExpectMove(p, 2, &input, &output));
  const TensorSlot& from = *input;
  TensorSlot& to = *output;
  const int32_t* margins = nullptr;  // before and after, for each dimension
  size_t margin_count = 0;
  HIL_TRY(p.ExpectConstantInts(1, &margins, &margin_count));
  const int32_t kept = p.options().Get<int8_t>(0, 0) == kReflect ? 1 : 0;
  bool fits = to.rank == from.rank && margin_count == size_t{2} * from.rank;
  uint32_t count = 1;
  for (int d = 0; fits && d < from.rank; ++d) {
    const int64_t before = margins[2 * d];
    const int64_t after = margins[2 * d + 1];
    const int64_t most = from.dims[d] - kept;
    fits = before >= 0 && after >= 0 && before <= most && after <= most &&
           before + from.dims[d] + after == to.dims[d];
    count += (before != 0 ? 1U : 0U) + (after != 0 ? 1U : 0U);
  }
  if (!fits) {
    return p.Refuse(Status::kUnsupportedShape, "has an output that is not its mirrored input");
  }
  CopyList copies(p, count);
  Box box;
  box.rank = from.rank;
  RowMajor(from, box.from_step);
  RowMajor(to, box.to_step);
  for (int d = 0; d < from.rank; ++d) {
    box.count[d] = static_cast<uint32_t>(from.dims[d]);
    box.to_offset += box.to_step[d] * margins[2 * d];
  }
  copies.Add(from, to, box);
  RowMajor(to, box.from_step);
  for (int d = from.rank - 1; d >= 0; --d) {
    const int64_t step = box.to_step[d];
    const int64_t filled = box.to_offset;  // dimensions from d on inwards begin here
    const int32_t before = margins[2 * d];
    const int32_t after = margins[2 * d + 1];
    box.from_step[d] = -step;
    if (before != 0) {
      box.count[d] = static_cast<uint32_t>(before);
      box.to_offset = filled - step * before;
      box.from_offset = filled + step * (before - 1 + kept);
      copies.Add(to, to, box);
    }
    if (after != 0) {
      box.count[d] = static_cast<uint32_t>(after);
      box.to_offset = filled + step * from.dims[d];
      box.from_offset = filled + step * (from.dims[d] - 1 - kept);
      copies.Add(to, to, box);
    }
    box.from_step[d] = step;
    box.count[d] = static_cast<uint32_t>(to.dims[d]);
    box.to_offset = filled - step * before;
  }
  return Status::kOk;
}

}  // namespace

const Kernel kMirrorPadKernel = {schema::kMirrorPad, 3,       schema::kMirrorPadOptions,
                                 "MIRROR_PAD",       Prepare, RunCopies};

}  // namespace hil::engine::builtin
