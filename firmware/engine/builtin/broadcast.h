// Walks two tensors that are broadcast to the shape of a third.
#pragma once

#include <cstdint>

#include "engine/builtin/kernel.h"

namespace hil::engine::builtin {

// The output is row-major and contiguous. Dimensions that both inputs walk alike are merged, so
// that equal shapes and scalars end in one inner run. Steps are in elements; 0 repeats.
struct BroadcastPlan {
  struct Outer {
    uint32_t count;
    uint32_t step_a, step_b;
  };
  uint32_t run = 1;  // length of the inner run
  uint32_t step_a = 0, step_b = 0;
  uint32_t outer_rank = 0;       // dimensions around it
  const Outer* outer = nullptr;  // outermost first
};

// Refuses unless a and b broadcast to exactly the shape of `output`.
Status PlanBroadcast(Preparation& p, const TensorSlot& a, const TensorSlot& b,
                     const TensorSlot& output, BroadcastPlan* plan);

// Calls run(a, b, out, count, step_a, step_b) for each inner run.
template <typename A, typename B, typename Out, typename Run>
void ForEachRun(const BroadcastPlan& plan, const A* a, const B* b, Out* out, Run run) {
  uint32_t index[kMaxRank] = {};
  for (;;) {
    run(a, b, out, plan.run, plan.step_a, plan.step_b);
    uint32_t d = plan.outer_rank;
    for (; d > 0; --d) {
      const BroadcastPlan::Outer& outer = plan.outer[d - 1];
      a += outer.step_a;
      b += outer.step_b;
      if (++index[d - 1] < outer.count) break;
      a -= outer.step_a * outer.count;
      b -= outer.step_b * outer.count;
      index[d - 1] = 0;
    }
    if (d == 0) return;
    out += plan.run;
  }
}

// out[i] = f(a[i], b[i]) over the whole plan.
template <typename A, typename B, typename Out, typename Function>
void ApplyBinary(const BroadcastPlan& plan, const A* a, const B* b, Out* out, Function f) {
  ForEachRun(plan, a, b, out,
             [&f](const A* x, const B* y, Out* z, uint32_t count, uint32_t sx, uint32_t sy) {
               for (uint32_t i = 0; i < count; ++i, x += sx, y += sy) z[i] = f(*x, *y);
             });
}

}  // namespace hil::engine::builtin
