#include "engine/builtin/planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace hil::engine::builtin {
namespace {

struct Wanted {
  uint32_t bytes;
  uint16_t first, last;
};

struct Planned {
  uint32_t region;
  std::vector<uint32_t> offsets;
};

Planned PlanAll(const std::vector<Wanted>& wanted) {
  std::vector<TensorSlot> slots(wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    slots[i].bytes = wanted[i].bytes;
    slots[i].first = wanted[i].first;
    slots[i].last = wanted[i].last;
    slots[i].flags = TensorSlot::kWritten;
  }
  Subgraph graph;
  graph.tensors = slots.data();
  graph.tensor_count = static_cast<uint32_t>(slots.size());
  Model model;
  model.subgraphs = &graph;
  model.subgraph_count = 1;
  Planned planned;
  planned.region = PlanTensors(&model);
  for (const TensorSlot& slot : slots) {
    planned.offsets.push_back(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(slot.data)));
  }
  return planned;
}

TEST(Planner, ReusesMemoryOfWhatIsOver) {
  const Planned planned = PlanAll({{100, 0, 1}, {100, 2, 3}, {100, 4, 4}});
  EXPECT_EQ(planned.region, 104U);  // rounded up to the alignment
  EXPECT_EQ(planned.offsets, (std::vector<uint32_t>{0, 0, 0}));
}

TEST(Planner, ASpanIncludesItsEnds) {
  const Planned planned = PlanAll({{64, 0, 2}, {64, 2, 3}});
  EXPECT_EQ(planned.region, 128U);
}

TEST(Planner, FillsGaps) {
  // The large ones lie side by side; the small one fits below the second when the first is over.
  const Planned planned = PlanAll({{64, 0, 1}, {128, 0, 5}, {32, 2, 5}});
  EXPECT_EQ(planned.region, 192U);
}

TEST(Planner, RandomBlocksNeverOverlap) {
  uint32_t random = 1;
  const auto next = [&random](uint32_t below) {
    random = random * 1664525U + 1013904223U;
    return (random >> 8) % below;
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<Wanted> wanted(1 + next(40));
    for (Wanted& w : wanted) {
      w.first = static_cast<uint16_t>(next(30));
      w.last = static_cast<uint16_t>(w.first + next(10));
      w.bytes = 1 + next(500);
    }
    const Planned planned = PlanAll(wanted);
    uint32_t live_most = 0;
    for (uint16_t t = 0; t < 40; ++t) {
      uint32_t live = 0;
      for (const Wanted& w : wanted) live += w.first <= t && t <= w.last ? w.bytes : 0;
      live_most = std::max(live_most, live);
    }
    EXPECT_GE(planned.region, live_most);
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(planned.offsets[i] % kPlanAlignment, 0U);
      EXPECT_LE(planned.offsets[i] + wanted[i].bytes, planned.region);
      for (size_t k = 0; k < i; ++k) {
        const bool apart_in_time =
            wanted[i].last < wanted[k].first || wanted[k].last < wanted[i].first;
        const bool apart_in_space = planned.offsets[i] + wanted[i].bytes <= planned.offsets[k] ||
                                    planned.offsets[k] + wanted[k].bytes <= planned.offsets[i];
        EXPECT_TRUE(apart_in_time || apart_in_space) << i << " and " << k;
      }
    }
  }
}

}  // namespace
}  // namespace hil::engine::builtin
