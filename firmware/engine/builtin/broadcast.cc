#include "engine/builtin/broadcast.h"

namespace hil::engine::builtin {
namespace {

// The size of dimension `d` of a tensor seen with `rank` dimensions, missing ones in front being 1.
uint32_t DimOf(const TensorSlot& slot, int rank, int d) {
  const int own = d - (rank - slot.rank);
  return own < 0 ? 1 : static_cast<uint32_t>(slot.dims[own]);
}

}  // namespace

Status PlanBroadcast(Preparation& p, const TensorSlot& a, const TensorSlot& b,
                     const TensorSlot& output, BroadcastPlan* plan) {
  const int rank = output.rank;
  const TensorSlot* inputs[2] = {&a, &b};
  bool fits = a.rank <= rank && b.rank <= rank;
  for (int d = 0; fits && d < rank; ++d) {
    const uint32_t size_a = DimOf(a, rank, d);
    const uint32_t size_b = DimOf(b, rank, d);
    const auto size = static_cast<uint32_t>(output.dims[d]);
    fits = (size_a == size || size_a == 1) && (size_b == size || size_b == 1) &&
           (size_a == size || size_b == size);
  }
  if (!fits) {
    return p.Refuse(Status::kUnsupportedShape, "has inputs that do not broadcast to its output");
  }

  // From the innermost dimension outwards: a dimension joins the one inside of it if both inputs go
  // on where that one ended.
  uint32_t count[kMaxRank] = {};
  uint32_t step[2][kMaxRank] = {};
  int groups = 0;
  uint32_t whole[2] = {1, 1};  // elements of each input inside of dimension d
  for (int d = rank - 1; d >= 0; --d) {
    const auto size = static_cast<uint32_t>(output.dims[d]);
    if (size == 1) continue;
    uint32_t next[2];
    for (int i = 0; i < 2; ++i) {
      const uint32_t own = DimOf(*inputs[i], rank, d);
      next[i] = own == 1 ? 0 : whole[i];
      whole[i] *= own;
    }
    const int g = groups - 1;
    if (groups > 0 && next[0] == step[0][g] * count[g] && next[1] == step[1][g] * count[g]) {
      count[g] *= size;
      continue;
    }
    count[groups] = size;
    step[0][groups] = next[0];
    step[1][groups] = next[1];
    ++groups;
  }
  *plan = BroadcastPlan();
  if (groups == 0) return Status::kOk;
  plan->run = count[0];
  plan->step_a = step[0][0];
  plan->step_b = step[1][0];
  plan->outer_rank = static_cast<uint32_t>(groups - 1);
  if (groups == 1) return Status::kOk;
  auto* outer = p.MakeArray<BroadcastPlan::Outer>(plan->outer_rank);
  plan->outer = outer;
  for (int g = groups - 1; outer != nullptr && g > 0; --g) {
    *outer++ = {count[g], step[0][g], step[1][g]};
  }
  return Status::kOk;
}

}  // namespace hil::engine::builtin
