// 16-bit sigmoid and tanh: linear interpolation in a table of the sigmoid.
//
// The input is brought to units of 1/3 * 2^-12 (so that the table's 256 points, 2/3 of a tenth
// apart, reach to 10.7), either by a shift of a multiplier or, for scales that are a power of two,
// by the factor 3.
#pragma once

#include <cstdint>

namespace hil::engine::builtin {

struct Sigmoid16 {
  int32_t multiplier = 3;
  int32_t shift = 0;
};

// False if the scale is beyond what the reference computes with.
bool MakeSigmoid16(float input_scale, bool tanh, Sigmoid16* sigmoid);

int16_t Logistic16(const Sigmoid16& sigmoid, int16_t x);
int16_t Tanh16(const Sigmoid16& sigmoid, int16_t x);

// log2 of a scale rounded to an integer; true if the scale is that power of two (within 0.1 %).
bool IsPowerOfTwo(float scale, int* exponent);

}  // namespace hil::engine::builtin
