#include "engine/builtin/softmax16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace hil::engine::builtin {
namespace {

TEST(Softmax16, FollowsTheRealFunction) {
  constexpr float kScale = 0.0003F;
  Factor factor;
  ASSERT_TRUE(MakeSoftmax16(kScale, 1.0F, &factor));
  uint32_t random = 1;
  for (uint32_t count = 1; count < 60; ++count) {
    std::vector<int16_t> x(count);
    for (int16_t& q : x) {
      random = random * 1664525U + 1013904223U;
      q = static_cast<int16_t>(random >> 16);
    }
    std::vector<int16_t> y(count);
    Softmax16(factor, x.data(), y.data(), count);
    double sum = 0;
    for (const int16_t q : x) sum += std::exp(static_cast<double>(kScale) * q);
    for (uint32_t i = 0; i < count; ++i) {
      const double exact = std::exp(static_cast<double>(kScale) * x[i]) / sum;
      EXPECT_NEAR(y[i] / 32768.0, exact, 1e-3) << i << " of " << count;
    }
  }
}

TEST(Softmax16, RefusesFactorsOutOfRange) {
  Factor factor;
  EXPECT_FALSE(MakeSoftmax16(1e9F, 1.0F, &factor));
  EXPECT_FALSE(MakeSoftmax16(1.0F, -1.0F, &factor));
}

}  // namespace
}  // namespace hil::engine::builtin
