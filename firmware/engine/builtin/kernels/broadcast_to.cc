// BROADCAST_TO. Any element type.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

Status PrepareBroadcastTo(Preparation& p) {
  const TensorSlot* input = nullptr;
  TensorSlot* output = nullptr;
  HIL_TRY(ExpectMove(p, 2, &input, &output));
  const TensorSlot& from = *input;
  TensorSlot& to = *output;
  const int missing = to.rank - from.rank;
  // The shape that input 1 asks for is the output's, or the model is damaged.
  bool fits = p.Input(1)->Is(TensorSlot::kConstant) && missing >= 0;
  Box box;
  box.rank = to.rank;
  RowMajor(to, box.to_step);
  int64_t from_steps[kMaxRank];
  RowMajor(from, from_steps);
  for (int d = 0; fits && d < to.rank; ++d) {
    box.count[d] = static_cast<uint32_t>(to.dims[d]);
    if (d < missing || from.dims[d - missing] == 1) continue;  // step 0 repeats
    fits = from.dims[d - missing] == to.dims[d];
    box.from_step[d] = from_steps[d - missing];
  }
  if (!fits) {
    return p.Refuse(Status::kUnsupportedShape,
                    "has an input that does not broadcast to its output");
  }
  CopyList(p, 1).Add(from, to, box);
  return Status::kOk;
}

}  // namespace

const Kernel kBroadcastToKernel = {
    schema::kBroadcastTo, 3, schema::kNoOptions, "BROADCAST_TO", PrepareBroadcastTo, RunCopies};

}  // namespace hil::engine::builtin
