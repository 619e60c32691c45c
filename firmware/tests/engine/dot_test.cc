// The host runs the portable loops; on the target the wheel comparison covers the DSP instructions.
#include "engine/builtin/dot.h"

#include <gtest/gtest.h>

#include <vector>

namespace hil::engine::builtin {
namespace {

TEST(Dot, FourRowsEqualFourTimesOne) {
  uint32_t random = 1;
  const auto next = [&random] {
    random = random * 1664525U + 1013904223U;
    return static_cast<int8_t>(random >> 24);
  };
  for (uint32_t count = 0; count < 40; ++count) {
    for (const int32_t offset : {-127, 0, 5, 128}) {
      std::vector<int8_t> weights(4 * count + 1);
      std::vector<int8_t> inputs(count + 1);
      for (int8_t& w : weights) w = next();
      for (int8_t& x : inputs) x = next();
      const int8_t* rows[4];
      int32_t sums[4] = {7, -7, 0, kMostInt32};
      int32_t expected[4];
      for (uint32_t k = 0; k < 4; ++k) {
        rows[k] = weights.data() + k * count;
        expected[k] = WrapAdd(sums[k], DotInt8(rows[k], inputs.data(), count, offset));
        EXPECT_EQ(DotInt8(rows[k], inputs.data(), count, offset),
                  DotOffsets<int32_t>(rows[k], 0, inputs.data(), offset, count));
      }
      DotInt8x4(rows, inputs.data(), count, offset, sums);
      for (uint32_t k = 0; k < 4; ++k) EXPECT_EQ(sums[k], expected[k]) << count << " " << offset;
    }
  }
}

TEST(Dot, FloatsAreSummedInOrder) {
  const float weights[12] = {1e8F, 1.0F, -1e8F, 1.0F, 2.0F, 3.0F,
                             4.0F, 5.0F, 6.0F,  0.0F, 0.0F, 0.0F};
  const float inputs[3] = {1.0F, 1.0F, 1.0F};
  const float* rows[4] = {weights, weights + 3, weights + 6, weights + 9};
  float sums[4];
  DotFloat4(rows, inputs, 3, sums);
  EXPECT_EQ(sums[0], 0.0F);  // 1 is lost in 1e8 first
  EXPECT_EQ(sums[1], 6.0F);
  EXPECT_EQ(sums[2], 15.0F);
  EXPECT_EQ(DotFloat(weights, inputs, 3), sums[0]);
}

}  // namespace
}  // namespace hil::engine::builtin
