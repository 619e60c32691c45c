// What libraries of TensorFlow Lite Micro do differently from the desktop wheel. An engine on the
// desktop imitates it, so that a board's outputs can be told from a mistake
// (harness/tflm_hil/explain/imitation.py). In a firmware all is off, at compile time.
#pragma once

#include <cstdint>

namespace hil::engine::builtin {

struct Imitated {
  // Factors made of scales in single precision (trees that are older than the wheel): fully
  // connected, matrix products, LSTM gates, SUB, DIV, ABS, RELU, LEAKY_RELU.
  bool single_precision = false;
  // The fused LSTM on integers begins every Invoke with states of zero (CMSIS-NN).
  bool forgetful_lstm = false;
};

#ifdef HIL_IMITATES
// As the environment says: HIL_IMITATE holds words, "single-precision" and "forgetful-lstm".
const Imitated& Imitation();
#else
constexpr Imitated Imitation() { return {}; }
#endif

// Of scales, which are floats, or of powers of two times scales: products and quotients of them.
inline double DoubleQuotient(double a, double b) { return a / b; }

inline double QuotientOfScales(double a, double b) {
  if (!Imitation().single_precision) return a / b;
  return static_cast<double>(static_cast<float>(a) / static_cast<float>(b));
}

inline double ProductOfScales(double a, double b) {
  if (!Imitation().single_precision) return a * b;
  return static_cast<double>(static_cast<float>(a) * static_cast<float>(b));
}

}  // namespace hil::engine::builtin
