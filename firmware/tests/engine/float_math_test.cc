// Error bounds over the floats, against the host's double-precision functions.
#include "engine/builtin/float_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace hil::engine::builtin {
namespace {

// The error of `got` in units of the last place of the float nearest to `exact`.
double Ulps(double exact, float got) {
  const auto nearest = static_cast<float>(exact);
  if (std::isinf(nearest) || std::isinf(got)) return nearest == got ? 0.0 : 1e9;
  int exponent = 0;
  std::frexp(static_cast<double>(nearest), &exponent);
  if (nearest == 0.0F || exponent < -125) exponent = -125;
  return std::fabs(static_cast<double>(got) - exact) / std::ldexp(1.0, exponent - 24);
}

// The largest error over every `step`-th float.
template <typename Function, typename Exact>
double WorstUlps(Function function, Exact exact, uint32_t step) {
  double worst = 0;
  for (uint64_t bits = 0; bits <= 0xFFFFFFFFU; bits += step) {
    const auto word = static_cast<uint32_t>(bits);
    float x;
    std::memcpy(&x, &word, sizeof(x));
    if (std::isnan(x)) continue;
    const double error = Ulps(exact(static_cast<double>(x)), function(x));
    if (error > worst) worst = error;
  }
  return worst;
}

constexpr uint32_t kStep = 1009;  // 4.3 million floats

TEST(FloatMath, ExpIsWithinOneUlp) {
  EXPECT_LT(WorstUlps(
                Exp, [](double x) { return std::exp(x); }, kStep),
            1.0);
  EXPECT_EQ(Exp(0.0F), 1.0F);
  EXPECT_EQ(Exp(-INFINITY), 0.0F);
  EXPECT_EQ(Exp(INFINITY), INFINITY);
  EXPECT_EQ(Exp(89.0F), INFINITY);
  EXPECT_TRUE(std::isnan(Exp(NAN)));
}

TEST(FloatMath, TanhIsWithinOneAndAHalfUlp) {
  EXPECT_LT(WorstUlps(
                Tanh, [](double x) { return std::tanh(x); }, kStep),
            1.5);
  EXPECT_EQ(Tanh(0.0F), 0.0F);
  EXPECT_TRUE(std::signbit(Tanh(-0.0F)));
  EXPECT_EQ(Tanh(INFINITY), 1.0F);
  EXPECT_EQ(Tanh(-INFINITY), -1.0F);
  EXPECT_TRUE(std::isnan(Tanh(NAN)));
}

TEST(FloatMath, LogisticIsWithinTwoUlp) {
  // Below -9 the reference takes exp(x) for the sigmoid, and so does this engine.
  const auto exact = [](double x) { return x < -9.0 ? std::exp(x) : 1.0 / (1.0 + std::exp(-x)); };
  EXPECT_LT(WorstUlps(Logistic, exact, kStep), 2.0);
  EXPECT_EQ(Logistic(0.0F), 0.5F);
  EXPECT_EQ(Logistic(100.0F), 1.0F);
  EXPECT_EQ(Logistic(-INFINITY), 0.0F);
  EXPECT_TRUE(std::isnan(Logistic(NAN)));
}

TEST(FloatMath, ExpMinusOneIsWithinTwoUlp) {
  const auto below = [](auto f) { return [f](auto x) { return f(x > 0 ? -x : x); }; };
  EXPECT_LT(WorstUlps(below([](float x) { return ExpMinusOne(x); }),
                      below([](double x) { return std::expm1(x); }), kStep),
            2.0);
  EXPECT_EQ(ExpMinusOne(0.0F), 0.0F);
  EXPECT_EQ(ExpMinusOne(-INFINITY), -1.0F);
  EXPECT_TRUE(std::isnan(ExpMinusOne(NAN)));
}

TEST(FloatMath, LogIsWithinTwoUlp) {
  const auto above = [](auto f) { return [f](auto x) { return f(x < 0 ? -x : x); }; };
  EXPECT_LT(WorstUlps(above([](float x) { return Log(x); }),
                      above([](double x) { return std::log(x); }), kStep),
            2.0);
  EXPECT_EQ(Log(1.0F), 0.0F);
  EXPECT_EQ(Log(0.0F), -INFINITY);
  EXPECT_EQ(Log(INFINITY), INFINITY);
  EXPECT_TRUE(std::isnan(Log(-1.0F)));
  EXPECT_TRUE(std::isnan(Log(NAN)));
}

TEST(FloatMath, SinAndCosAreWithinTwoUlps) {
  const auto finite = [](auto f) { return [f](auto x) { return std::isinf(x) ? 0 : f(x); }; };
  EXPECT_LT(WorstUlps(finite([](float x) { return Sin(x); }),
                      finite([](double x) { return std::sin(x); }), kStep),
            2.0);
  EXPECT_LT(WorstUlps(finite([](float x) { return Cos(x); }),
                      finite([](double x) { return std::cos(x); }), kStep),
            2.0);
  EXPECT_TRUE(std::signbit(Sin(-0.0F)));
  EXPECT_EQ(Cos(0.0F), 1.0F);
  // On either side of where the reduction begins, near pi/2, and at the very end.
  for (const float x :
       {0x1.921fb4p-1F, 0x1.921fb6p-1F, 0x1.921fb6p0F, 0x1p20F, 0x1p24F, 0x1.fffffep127F}) {
    const auto wide = static_cast<double>(x);
    EXPECT_LT(Ulps(std::sin(wide), Sin(x)), 2.0) << x;
    EXPECT_LT(Ulps(std::sin(-wide), Sin(-x)), 2.0) << x;
    EXPECT_LT(Ulps(std::cos(wide), Cos(x)), 2.0) << x;
    EXPECT_LT(Ulps(std::cos(-wide), Cos(-x)), 2.0) << x;
  }
  EXPECT_TRUE(std::isnan(Sin(INFINITY)));
  EXPECT_TRUE(std::isnan(Cos(-INFINITY)));
  EXPECT_TRUE(std::isnan(Cos(NAN)));
}

}  // namespace
}  // namespace hil::engine::builtin
