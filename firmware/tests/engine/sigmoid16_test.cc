#include "engine/builtin/sigmoid16.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hil::engine::builtin {
namespace {

TEST(Sigmoid16, FollowsTheRealFunctions) {
  for (const float scale : {1.0F / 4096.0F, 1.0F / 2048.0F, 0.0001F, 0.00029F}) {
    Sigmoid16 sigmoid;
    Sigmoid16 tanh;
    ASSERT_TRUE(MakeSigmoid16(scale, false, &sigmoid));
    ASSERT_TRUE(MakeSigmoid16(scale, true, &tanh));
    for (int32_t q = -32768; q <= 32767; ++q) {
      const double x = static_cast<double>(scale) * q;
      ASSERT_NEAR(Logistic16(sigmoid, static_cast<int16_t>(q)) / 32768.0, 1 / (1 + std::exp(-x)),
                  2e-4)
          << x;
      ASSERT_NEAR(Tanh16(tanh, static_cast<int16_t>(q)) / 32768.0, std::tanh(x), 4e-4) << x;
    }
  }
}

TEST(Sigmoid16, KnowsPowersOfTwo) {
  int exponent = 0;
  EXPECT_TRUE(IsPowerOfTwo(1.0F / 2048.0F, &exponent));
  EXPECT_EQ(exponent, -11);
  EXPECT_FALSE(IsPowerOfTwo(0.0007F, &exponent));
}

TEST(Sigmoid16, RefusesScalesBeyondTheReference) {
  Sigmoid16 sigmoid;
  EXPECT_FALSE(MakeSigmoid16(3.0F, false, &sigmoid));
}

}  // namespace
}  // namespace hil::engine::builtin
