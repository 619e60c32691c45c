// CONV_2D and DEPTHWISE_CONV_2D: float32; int8 and int16 with int8 weights, scales per channel.
// Both walk the same windows and differ in which inputs meet which weights.
#include "engine/builtin/convolution.h"

#include "engine/builtin/kernels/kernels.h"
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

struct Data : Convolution {
  WindowAxis y, x;
  uint32_t tap_channels;  // CONV_2D: inputs of one tap, input_channels / groups
  uint32_t per_group;     // CONV_2D: output channels of a group. DEPTHWISE: of an input channel
};

constexpr ConvolutionInputs kInputs = {0, 1, 2};

Status PrepareConv(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareConvolution(p, kInputs, &d));
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
  HIL_TRY(PrepareConvolutionTypes(p, &d, options.Get<int8_t>(conv::kActivation, 0),
                                  bias == TensorType::kInt32, 0));
  return p.Keep(d);
}

Status PrepareDepthwise(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareConvolution(p, kInputs, &d));
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
  HIL_TRY(PrepareConvolutionTypes(p, &d, options.Get<int8_t>(depthwise::kActivation, 0), false, 3));
  return p.Keep(d);
}

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
