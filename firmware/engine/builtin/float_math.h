// Transcendental functions in single precision, the same bits on the host and on the target: built
// from additions, multiplications and fused multiply-adds only, which IEEE 754 defines exactly
// (sine and cosine in double precision, which the target does in software).
// Error bounds in ULP over all floats are measured by tests/engine/float_math_test.cc.
#pragma once

#include <cstdint>

namespace hil::engine::builtin {

// exp(x): error below 1 ULP; overflows to infinity above 88.72, underflows through denormals.
float Exp(float x);
// tanh(x): error below 1.5 ULP.
float Tanh(float x);
// 1 / (1 + exp(-x)); below -9 exp(x), as the reference has it. Error below 2 ULP.
float Logistic(float x);
// exp(x) - 1 for x <= 0: error below 2 ULP.
float ExpMinusOne(float x);
// The natural logarithm: error below 2 ULP; -infinity at 0, NaN below.
float Log(float x);
// sin(x) and cos(x), NaN for infinities: error below 2 ULP.
float Sin(float x);
float Cos(float x);

}  // namespace hil::engine::builtin
