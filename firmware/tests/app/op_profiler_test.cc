#include "app/op_profiler.h"

#include <gtest/gtest.h>

#include "tests/fake/fake_board.h"

namespace hil::app {
namespace {

void Call(OpProfiler* profiler, uint16_t subgraph, uint16_t op, uint64_t cycles) {
  profiler->OpBegin(subgraph, op, 1);
  fake::board().cycles += cycles;
  profiler->OpEnd(subgraph, op, 1);
}

TEST(OpProfiler, SumsCallsOfTheSameOperator) {
  OpProfiler profiler;
  profiler.Start();
  for (int lap = 0; lap < 3; ++lap) {
    Call(&profiler, 0, 0, 10);
    Call(&profiler, 0, 1, 20);
    Call(&profiler, 0, 1, 5);  // twice in a lap, as the body of a loop
  }
  ASSERT_EQ(profiler.size(), 2U);
  EXPECT_EQ(profiler[0].calls, 3U);
  EXPECT_EQ(profiler[0].cycles, 30U);
  EXPECT_EQ(profiler[1].calls, 6U);
  EXPECT_EQ(profiler[1].cycles, 75U);
}

TEST(OpProfiler, NestedOperatorsCountInTheOneAround) {
  OpProfiler profiler;
  profiler.Start();
  profiler.OpBegin(0, 0, 119);
  Call(&profiler, 1, 0, 7);
  fake::board().cycles += 3;
  profiler.OpEnd(0, 0, 119);
  ASSERT_EQ(profiler.size(), 2U);
  EXPECT_EQ(profiler[0].cycles, 7U);
  EXPECT_EQ(profiler[1].cycles, 10U);
}

TEST(OpProfiler, SaysWhatItHadNoRoomFor) {
  OpProfiler profiler;
  profiler.Start();
  for (uint16_t op = 0; op < 200; ++op) Call(&profiler, 0, op, 1);
  EXPECT_EQ(profiler.size(), 160U);
  EXPECT_EQ(profiler.dropped(), 40U);
}

TEST(OpProfiler, SurvivesDeepNestingAndSaysSo) {
  OpProfiler profiler;
  profiler.Start();
  for (uint16_t depth = 0; depth < 20; ++depth) profiler.OpBegin(depth, 0, 1);
  for (uint16_t depth = 20; depth-- > 0;) profiler.OpEnd(depth, 0, 1);
  profiler.OpEnd(0, 0, 1);  // one too many is ignored
  EXPECT_EQ(profiler.size(), 8U);
  EXPECT_EQ(profiler.dropped(), 12U);
}

TEST(OpProfiler, StartsEmptyAgain) {
  OpProfiler profiler;
  profiler.Start();
  Call(&profiler, 0, 0, 1);
  profiler.Start();
  EXPECT_EQ(profiler.size(), 0U);
}

}  // namespace
}  // namespace hil::app
