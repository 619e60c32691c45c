#include "engine/builtin/fixed_point.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hil::engine::builtin {
namespace {

TEST(RoundingHighProduct, RoundsToNearestAndTiesUp) {
  EXPECT_EQ(RoundingHighProduct(1 << 30, 1 << 30), 1 << 29);
  EXPECT_EQ(RoundingHighProduct(1, 1 << 30), 1);    // 0.5
  EXPECT_EQ(RoundingHighProduct(-1, 1 << 30), 0);   // -0.5
  EXPECT_EQ(RoundingHighProduct(-3, 1 << 30), -1);  // -1.5
  EXPECT_EQ(RoundingHighProduct(kLeastInt32, kMostInt32), -kMostInt32);
}

TEST(RoundingShiftRight, RoundsToNearestAndTiesAwayFromZero) {
  EXPECT_EQ(RoundingShiftRight(5, 1), 3);
  EXPECT_EQ(RoundingShiftRight(-5, 1), -3);
  EXPECT_EQ(RoundingShiftRight(-2, 2), -1);
  EXPECT_EQ(RoundingShiftRight(-1, 2), 0);
  EXPECT_EQ(RoundingShiftRight(kMostInt32, 31), 1);
  EXPECT_EQ(RoundingShiftRight(kLeastInt32, 31), -1);
  EXPECT_EQ(RoundingShiftRight(kLeastInt32, 0), kLeastInt32);
}

TEST(MakeFactor, KeepsThirtyOneBits) {
  Factor factor;
  ASSERT_TRUE(MakeFactor(0.75, &factor));
  EXPECT_EQ(factor.multiplier, 3 << 29);
  EXPECT_EQ(factor.shift, 0);
  ASSERT_TRUE(MakeFactor(1.0, &factor));
  EXPECT_EQ(factor.multiplier, 1 << 30);
  EXPECT_EQ(factor.shift, 1);
  // Rounds up into the next power of two.
  ASSERT_TRUE(MakeFactor(1.0 - 1e-12, &factor));
  EXPECT_EQ(factor.multiplier, 1 << 30);
  EXPECT_EQ(factor.shift, 1);
}

TEST(MakeFactor, RefusesWhatCannotBeComputedWith) {
  Factor factor;
  EXPECT_FALSE(MakeFactor(-0.5, &factor));
  EXPECT_FALSE(MakeFactor(std::nan(""), &factor));
  EXPECT_FALSE(MakeFactor(INFINITY, &factor));
  EXPECT_FALSE(MakeFactor(4e9, &factor));
  ASSERT_TRUE(MakeFactor(1e-12, &factor));
  EXPECT_EQ(factor.Apply(1000000), 0);
}

// Only the largest sums get beyond zero by these, as they do in TFLM.
TEST(MakeFactor, TakesTheSmallestThatMatter) {
  Factor factor;
  ASSERT_TRUE(MakeFactor(std::ldexp(0.9, -30), &factor));
  EXPECT_EQ(factor.Apply(INT32_MAX), 2);
  EXPECT_EQ(factor.Apply(INT32_MIN), -2);
  ASSERT_TRUE(MakeFactor(std::ldexp(0.9, -31), &factor));
  EXPECT_EQ(factor.Apply(INT32_MAX), 1);
  EXPECT_EQ(factor.Apply(INT32_MIN), -1);
  ASSERT_TRUE(MakeFactor(std::ldexp(0.9, -32), &factor));
  EXPECT_EQ(factor.Apply(INT32_MAX), 0);
}

TEST(Factor, AppliesWithinOneUnitOfTheRealProduct) {
  for (const double value : {1e-6, 0.00123, 0.3, 0.999, 1.0, 1.7, 77.7}) {
    Factor factor;
    ASSERT_TRUE(MakeFactor(value, &factor));
    for (int32_t x = -100000; x <= 100000; x += 777) {
      EXPECT_NEAR(factor.Apply(x), value * x, 1.0) << value << " * " << x;
      EXPECT_NEAR(factor.Apply64(x), value * x, 1.0 + std::fabs(value * x) / 16384) << value;
    }
  }
}

TEST(FixedPointFunctions, FollowTheRealOnes) {
  constexpr double kQ0 = 2147483648.0;
  constexpr double kQ4 = 134217728.0;
  constexpr double kQ5 = 67108864.0;
  for (double x = -15.9; x < 15.9; x += 0.0137) {
    EXPECT_NEAR(TanhQ4(static_cast<int32_t>(x * kQ4)) / kQ0, std::tanh(x), 3e-7) << x;
    EXPECT_NEAR(LogisticQ4(static_cast<int32_t>(x * kQ4)) / kQ0, 1 / (1 + std::exp(-x)), 3e-7) << x;
  }
  for (double x = -31.9; x <= 0.0; x += 0.0137) {
    EXPECT_NEAR(ExpOfNegative(static_cast<int32_t>(x * kQ5), 5) / kQ0, std::exp(x), 3e-7) << x;
  }
  for (double x = 0.0; x < 1.0; x += 0.00137) {
    EXPECT_NEAR(OneOverOnePlus(static_cast<int32_t>(x * kQ0)) / kQ0, 1 / (1 + x), 3e-9) << x;
  }
  const double kQ12 = std::ldexp(1.0, 31 - 12);
  for (double x = 1.0; x < 4095.0; x *= 1.0137) {
    EXPECT_NEAR(LogQ12(static_cast<int32_t>(x * kQ12)) / kQ5, std::log(x), 2e-6) << x;
  }
  // Five rounds of the iteration, as the reference has it, leave up to 1.24e-6.
  for (int32_t x = 1; x < 100'000'000; x += x / 7 + 1) {
    const Factor factor = InverseSqrt(x);
    const double value = std::ldexp(static_cast<double>(factor.multiplier), factor.shift - 31);
    EXPECT_NEAR(value * std::sqrt(static_cast<double>(x)), 1.0, 1.3e-6) << x;
  }
  EXPECT_EQ(TanhQ4(0), 0);
  EXPECT_EQ(LogisticQ4(0), 1 << 30);
}

}  // namespace
}  // namespace hil::engine::builtin
