// CONV_2D and DEPTHWISE_CONV_2D: float32; int8 and int16 with int8 weights, scales per channel.
// Both walk the same windows and differ in which inputs meet which weights.
#include <cmath>

#include "engine/builtin/activation.h"
#include "engine/builtin/dot.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"
#include "engine/builtin/window.h"

namespace hil::engine::builtin {
namespace {

namespace conv {
constexpr unsigned kPadding = 0, kStrideWidth = 1, kStrideHeight = 2, kActivation = 3,
                   kDilationWidth = 4, kDilationHeight = 5, kQuantizedBiasType = 6;
}
namespace depthwise {
constexpr unsigned kPadding = 0, kStrideWidth = 1, kStrideHeight = 2, kActivation = 4,
                   kDilationWidth = 5, kDilationHeight = 6;
}

struct Data {
  const TensorSlot* input;
  const TensorSlot* weights;
  const TensorSlot* bias;  // nullptr if there is none
  TensorSlot* output;
  WindowAxis y, x;
  uint32_t batches, input_channels, channels;
  uint32_t tap_channels;  // CONV_2D: inputs of one tap, input_channels / groups
  uint32_t per_group;     // CONV_2D: output channels of a group. DEPTHWISE: of an input channel
  FloatRange float_range;
  IntRange int_range;
  int32_t input_offset, output_offset;
  bool wide_sum;          // int16: 64-bit sums
  const Factor* factors;  // one for each channel
};

Status PrepareTensors(Preparation& p, Data* d) {
  const size_t count = p.InputCount();
  if (count < 2 || count > 3 || p.OutputCount() != 1 || !p.HasInput(0) || !p.HasInput(1)) {
    return p.Refuse(Status::kCorruptModel, "needs an input, weights and one output");
  }
  d->input = p.Input(0);
  d->weights = p.Input(1);
  d->bias = p.HasInput(2) ? p.Input(2) : nullptr;
  d->output = p.Output(0);
  if (d->input->rank != 4 || d->weights->rank != 4 || d->output->rank != 4 ||
      d->input->dims[0] != d->output->dims[0]) {
    return p.Refuse(Status::kUnsupportedShape, "takes tensors of rank 4 and of one batch size");
  }
  d->batches = static_cast<uint32_t>(d->input->dims[0]);
  d->input_channels = static_cast<uint32_t>(d->input->dims[3]);
  d->channels = static_cast<uint32_t>(d->output->dims[3]);
  if (d->bias != nullptr && ElementCount(*d->bias) != d->channels) {
    return p.Refuse(Status::kUnsupportedShape, "has a bias of another length than its channels");
  }
  return p.ExpectType(*d->output, d->input->type);
}

// Weights have one scale for all or one for each output channel, which are their dimension
// `channel_dim`.
Status PrepareFactors(Preparation& p, Data* d, int32_t channel_dim) {
  Affine input;
  Affine output;
  HIL_TRY(p.ExpectAffine(*d->input, &input));
  HIL_TRY(p.ExpectAffine(*d->output, &output));
  const ScalarVector<float> scales = p.Scales(*d->weights);
  const ScalarVector<int64_t> zero_points = p.ZeroPoints(*d->weights);
  const bool per_channel = scales.count > 1;
  bool fits = scales.count == 1 ||
              (scales.count == d->channels && p.QuantizedDimension(*d->weights) == channel_dim);
  for (uint32_t i = 0; i < zero_points.count; ++i) fits = fits && zero_points[i] == 0;
  if (!fits) {
    return p.Refuse(Status::kUnsupportedOption,
                    "needs symmetric weights with one scale, or one for each output channel");
  }
  Factor* factors = p.MakeArray<Factor>(d->channels);
  d->factors = factors;
  for (uint32_t c = 0; c < d->channels; ++c) {
    const float scale = scales[per_channel ? c : 0];
    const double value = static_cast<double>(input.scale) * static_cast<double>(scale) /
                         static_cast<double>(output.scale);
    Factor factor;
    if (!(scale >= 0.0F) || !MakeFactor(value, &factor) ||
        (d->wide_sum && factor.shift > Factor::kMostShift64)) {
      return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
    }
    if (factors != nullptr) factors[c] = factor;
  }
  d->input_offset = -input.zero_point;
  d->output_offset = output.zero_point;
  if (d->input->type == TensorType::kInt16 && (d->input_offset != 0 || d->output_offset != 0)) {
    return p.Refuse(Status::kUnsupportedOption, "has an int16 tensor with a zero point");
  }
  return Status::kOk;
}

Status PrepareTypes(Preparation& p, Data* d, int8_t activation, bool narrow16,
                    int32_t channel_dim) {
  const TensorType type = d->input->type;
  if (type == TensorType::kFloat32) {
    HIL_TRY(p.ExpectType(*d->weights, TensorType::kFloat32));
    if (d->bias != nullptr) HIL_TRY(p.ExpectType(*d->bias, TensorType::kFloat32));
    return FusedRange(p, activation, &d->float_range);
  }
  if (type != TensorType::kInt8 && type != TensorType::kInt16) {
    return p.RefuseType(type, "float32, int8 or int16");
  }
  HIL_TRY(p.ExpectType(*d->weights, TensorType::kInt8));
  d->wide_sum = type == TensorType::kInt16 && !narrow16;
  const TensorType bias = d->wide_sum ? TensorType::kInt64 : TensorType::kInt32;
  if (d->bias != nullptr) HIL_TRY(p.ExpectType(*d->bias, bias));
  HIL_TRY(PrepareFactors(p, d, channel_dim));
  Affine output;
  HIL_TRY(p.ExpectAffine(*d->output, &output));
  return FusedRange(p, activation, *d->output, output, &d->int_range);
}

Status PrepareConv(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  const TensorSlot& weights = *d.weights;
  d.tap_channels = static_cast<uint32_t>(weights.dims[3]);
  const uint32_t groups = d.input_channels / d.tap_channels;
  if (static_cast<uint32_t>(weights.dims[0]) != d.channels || groups == 0 ||
      d.input_channels % d.tap_channels != 0 || d.channels % groups != 0) {
    return p.Refuse(Status::kUnsupportedShape, "has channels that do not match its weights");
  }
  d.per_group = d.channels / groups;
  const Table& options = p.options();
  const WindowOptions window = {
      options.Get<int8_t>(conv::kPadding, 0), options.Get<int32_t>(conv::kStrideHeight, 0),
      options.Get<int32_t>(conv::kStrideWidth, 0), options.Get<int32_t>(conv::kDilationHeight, 1),
      options.Get<int32_t>(conv::kDilationWidth, 1)};
  HIL_TRY(MakeWindow(p, window, *d.input, *d.output, weights.dims[1], weights.dims[2], &d.y, &d.x));
  const auto declared = static_cast<TensorType>(options.Get<int8_t>(conv::kQuantizedBiasType, 0));
  const TensorType bias = d.bias != nullptr ? d.bias->type : declared;
  HIL_TRY(PrepareTypes(p, &d, options.Get<int8_t>(conv::kActivation, 0), bias == TensorType::kInt32,
                       0));
  return p.Keep(d);
}

Status PrepareDepthwise(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  const TensorSlot& weights = *d.weights;
  if (weights.dims[0] != 1 || static_cast<uint32_t>(weights.dims[3]) != d.channels ||
      d.channels % d.input_channels != 0) {
    return p.Refuse(Status::kUnsupportedShape, "has channels that do not match its weights");
  }
  d.per_group = d.channels / d.input_channels;
  const Table& options = p.options();
  const WindowOptions window = {options.Get<int8_t>(depthwise::kPadding, 0),
                                options.Get<int32_t>(depthwise::kStrideHeight, 0),
                                options.Get<int32_t>(depthwise::kStrideWidth, 0),
                                options.Get<int32_t>(depthwise::kDilationHeight, 1),
                                options.Get<int32_t>(depthwise::kDilationWidth, 1)};
  HIL_TRY(MakeWindow(p, window, *d.input, *d.output, weights.dims[1], weights.dims[2], &d.y, &d.x));
  HIL_TRY(PrepareTypes(p, &d, options.Get<int8_t>(depthwise::kActivation, 0), false, 3));
  return p.Keep(d);
}

// What the three element types differ in: how sums grow and how they end.
struct FloatMath {
  using Input = float;
  using Weight = float;
  using Sum = float;
  explicit FloatMath(const Data& d)
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
  explicit Int8Math(const Data& d)
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
  explicit Int16Math(const Data& d)
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

// Calls window(input of this batch, span of rows, span of columns, output channels) for each window
// in the order of the output.
template <typename T, typename Window>
void ForEachWindow(const Data& d, Window window) {
  const T* input = d.input->As<const T>();
  T* output = d.output->As<T>();
  const size_t image = size_t{static_cast<uint32_t>(d.y.input)} * static_cast<uint32_t>(d.x.input) *
                       d.input_channels;
  for (uint32_t b = 0; b < d.batches; ++b, input += image) {
    for (int32_t y = 0; y < d.y.output; ++y) {
      const WindowAxis::Span rows = d.y.At(y);
      for (int32_t x = 0; x < d.x.output; ++x, output += d.channels) {
        window(input, rows, d.x.At(x), output);
      }
    }
  }
}

template <typename Math>
void RunConv(const Data& d) {
  using Input = typename Math::Input;
  const Math math(d);
  const uint32_t taps = d.tap_channels;
  // Without groups and dilation the taps of one row are one run of inputs and one of weights.
  const bool joined = taps == d.input_channels && d.x.dilation == 1;
  const uint32_t row_weights = static_cast<uint32_t>(d.x.taps) * taps;
  const uint32_t channel_weights = static_cast<uint32_t>(d.y.taps) * row_weights;
  const uint32_t row_inputs = static_cast<uint32_t>(d.x.input) * d.input_channels;
  ForEachWindow<Input>(d, [&](const Input* image, WindowAxis::Span rows, WindowAxis::Span columns,
                              Input* output) {
    const auto columns_met = static_cast<uint32_t>(columns.end - columns.first);
    const uint32_t runs = joined ? 1 : columns_met;
    const uint32_t length = joined ? columns_met * taps : taps;
    const Input* first_row = image + static_cast<uint32_t>(rows.position) * row_inputs +
                             static_cast<uint32_t>(columns.position) * d.input_channels;
    const typename Math::Weight* first_weights = d.weights->As<const typename Math::Weight>() +
                                                 static_cast<uint32_t>(rows.first) * row_weights +
                                                 static_cast<uint32_t>(columns.first) * taps;
    for (uint32_t c = 0; c < d.channels; ++c, first_weights += channel_weights) {
      const Input* row = first_row + c / d.per_group * taps;
      const typename Math::Weight* weights = first_weights;
      typename Math::Sum sum = 0;
      for (int32_t y = rows.first; y < rows.end; ++y) {
        for (uint32_t r = 0; r < runs; ++r) {
          sum = math.Dot(sum, weights + r * taps,
                         row + r * static_cast<uint32_t>(d.x.dilation) * d.input_channels, length);
        }
        row += static_cast<uint32_t>(d.y.dilation) * row_inputs;
        weights += row_weights;
      }
      output[c] = math.Finish(sum, c);
    }
  });
}

template <typename Math>
void RunDepthwise(const Data& d) {
  using Input = typename Math::Input;
  const Math math(d);
  const uint32_t row_weights = static_cast<uint32_t>(d.x.taps) * d.channels;
  const uint32_t row_inputs = static_cast<uint32_t>(d.x.input) * d.input_channels;
  ForEachWindow<Input>(d, [&](const Input* image, WindowAxis::Span rows, WindowAxis::Span columns,
                              Input* output) {
    const Input* corner = image + static_cast<uint32_t>(rows.position) * row_inputs +
                          static_cast<uint32_t>(columns.position) * d.input_channels;
    const typename Math::Weight* corner_weights = d.weights->As<const typename Math::Weight>() +
                                                  static_cast<uint32_t>(rows.first) * row_weights +
                                                  static_cast<uint32_t>(columns.first) * d.channels;
    for (uint32_t c = 0; c < d.channels; ++c) {
      const Input* row = corner + c / d.per_group;
      const typename Math::Weight* weights = corner_weights + c;
      typename Math::Sum sum = 0;
      for (int32_t y = rows.first; y < rows.end; ++y) {
        for (int32_t x = columns.first; x < columns.end; ++x) {
          const auto column = static_cast<uint32_t>(x - columns.first);
          sum = math.Dot(sum, weights + column * d.channels,
                         row + column * static_cast<uint32_t>(d.x.dilation) * d.input_channels, 1);
        }
        row += static_cast<uint32_t>(d.y.dilation) * row_inputs;
        weights += row_weights;
      }
      output[c] = math.Finish(sum, c);
    }
  });
}

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

Status EvalConv(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int8_t, int16_t>(
      d.input->type, [&d](auto element) { RunConv<typename MathOf<decltype(element)>::Type>(d); });
  return Status::kOk;
}

Status EvalDepthwise(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int8_t, int16_t>(d.input->type, [&d](auto element) {
    RunDepthwise<typename MathOf<decltype(element)>::Type>(d);
  });
  return Status::kOk;
}

}  // namespace

const Kernel kConv2dKernel = {schema::kConv2d, 8,           schema::kConv2dOptions,
                              "CONV_2D",       PrepareConv, EvalConv};
const Kernel kDepthwiseConv2dKernel = {schema::kDepthwiseConv2d,
                                       7,
                                       schema::kDepthwiseConv2dOptions,
                                       "DEPTHWISE_CONV_2D",
                                       PrepareDepthwise,
                                       EvalDepthwise};

}  // namespace hil::engine::builtin
