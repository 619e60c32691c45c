// What convolutions of all kinds have in common: tensors, one factor for each output channel, and
// the arithmetic of their element types: float32; int8 and int16 with int8 weights.
#pragma once

#include <cstdint>

#include "engine/builtin/activation.h"
#include "engine/builtin/dot.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {

struct Convolution {
  const TensorSlot* input;
  const TensorSlot* weights;
  const TensorSlot* bias;  // nullptr if there is none
  TensorSlot* output;
  uint32_t batches, input_channels, channels;
  FloatRange float_range;
  IntRange int_range;
  int32_t input_offset, output_offset;
  bool wide_sum;          // int16: 64-bit sums
  const Factor* factors;  // one for each channel
};

// Which inputs of the operator are what.
struct ConvolutionInputs {
  size_t input, weights, bias;
};

// Looks up the tensors. Checks ranks, batches, the bias and that input and output have the same
// type.
Status PrepareConvolution(Preparation& p, const ConvolutionInputs& inputs, Convolution* d);
// Types of weights and bias, factors and ranges. Weights have one scale for all or one for each
// output channel, which are their dimension `channel_dim`. `narrow16`: int16 sums have 32 bits.
Status PrepareConvolutionTypes(Preparation& p, Convolution* d, int8_t activation, bool narrow16,
                               int32_t channel_dim);

// What the three element types differ in: how sums grow and how they end.
struct FloatMath {
  using Input = float;
  using Weight = float;
  using Sum = float;
  explicit FloatMath(const Convolution& d)
      : bias(d.bias != nullptr ? d.bias->As<const float>() : nullptr), range(d.float_range) {}

  // Summed in the order of the reference, on top of what is there.
  float Dot(float sum, const float* weights, const float* inputs, uint32_t count) const {
    for (uint32_t i = 0; i < count; ++i) sum += inputs[i] * weights[i];
    return sum;
  }
  float Finish(float sum, uint32_t channel) const {
    return range.Clamp(sum + (bias != nullptr ? bias[channel] : 0.0F));
  }

  const float* bias;
  FloatRange range;
};

struct Int8Math {
  using Input = int8_t;
  using Weight = int8_t;
  using Sum = int32_t;
  explicit Int8Math(const Convolution& d)
      : bias(d.bias != nullptr ? d.bias->As<const int32_t>() : nullptr),
        factors(d.factors),
        input_offset(d.input_offset),
        output_offset(d.output_offset),
        range(d.int_range) {}

  int32_t Dot(int32_t sum, const int8_t* weights, const int8_t* inputs, uint32_t count) const {
    return WrapAdd(sum, DotInt8(weights, inputs, count, input_offset));
  }
  int8_t Finish(int32_t sum, uint32_t channel) const {
    if (bias != nullptr) sum = WrapAdd(sum, bias[channel]);
    return static_cast<int8_t>(range.Clamp(WrapAdd(factors[channel].Apply(sum), output_offset)));
  }

  const int32_t* bias;
  const Factor* factors;
  int32_t input_offset, output_offset;
  IntRange range;
};

struct Int16Math {
  using Input = int16_t;
  using Weight = int8_t;
  using Sum = int64_t;
  explicit Int16Math(const Convolution& d)
      : bias(d.bias), factors(d.factors), wide(d.wide_sum), range(d.int_range) {}

  int64_t Dot(int64_t sum, const int8_t* weights, const int16_t* inputs, uint32_t count) const {
    return WrapAdd64(sum, DotOffsets<int64_t>(weights, 0, inputs, 0, count));
  }
  int16_t Finish(int64_t sum, uint32_t channel) const {
    const Factor& factor = factors[channel];
    int32_t scaled = 0;
    if (wide) {
      scaled = factor.Apply64(bias != nullptr ? WrapAdd64(sum, Int64At(*bias, channel)) : sum);
    } else {
      const int32_t b = bias != nullptr ? bias->As<const int32_t>()[channel] : 0;
      scaled = factor.Apply(WrapAdd(static_cast<int32_t>(sum), b));
    }
    return static_cast<int16_t>(range.Clamp(scaled));
  }

  const TensorSlot* bias;
  const Factor* factors;
  bool wide;
  IntRange range;
};

template <typename Input>
struct MathOf;
template <>
struct MathOf<float> {
  using Type = FloatMath;
};
template <>
struct MathOf<int8_t> {
  using Type = Int8Math;
};
template <>
struct MathOf<int16_t> {
  using Type = Int16Math;
};

}  // namespace hil::engine::builtin
