// TRANSPOSE_CONV: float32; int8 and int16 with int8 weights, scales per channel.
//
// Each input spreads over a window of outputs. Here each output gathers the inputs whose windows
// reach it, in the order in which the reference spreads them, so that no sums have to be kept.
#include "engine/builtin/convolution.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

namespace options {
constexpr unsigned kPadding = 0, kStrideWidth = 1, kStrideHeight = 2, kActivation = 3;
}

// The shape that input 0 asks for is the output's, as the reference has it.
constexpr ConvolutionInputs kInputs = {2, 1, 3};

// One direction: outputs [at * stride - before, ... + taps) are reached by input `at`.
struct Axis {
  int32_t input, output;
  int32_t taps, stride, before;

  // The inputs [first, end) that reach output `to`, the first one by tap `tap`; each further one by
  // a tap that is `stride` lower.
  struct Span {
    int32_t first, end, tap;
  };
  Span At(int32_t to) const {
    const int32_t from_origin = to + before;
    const int32_t beyond = from_origin - taps;  // windows that begin here or before do not reach it
    const int32_t first = beyond < 0 ? 0 : beyond / stride + 1;
    const int32_t last = from_origin / stride;
    return {first, last < input ? last + 1 : input, from_origin - first * stride};
  }
};

struct Data : Convolution {
  Axis y, x;
};

bool MakeAxis(int8_t padding, Axis* axis) {
  constexpr int32_t kMost = 1 << 14;  // below it no position overflows
  if (axis->stride < 1 || axis->stride > kMost || axis->taps > kMost) return false;
  // Padding is that of the convolution whose input this output would be.
  int64_t windows = int64_t{axis->output} + axis->stride - 1;
  if (padding == schema::kPaddingValid) windows += 1 - axis->taps;
  windows /= axis->stride;
  const int64_t missing = (windows - 1) * axis->stride + axis->taps - axis->output;
  axis->before = missing > 0 ? static_cast<int32_t>(missing / 2) : 0;
  return axis->output <= kMostInt32 - axis->before;
}

Status Prepare(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareConvolution(p, kInputs, &d));
  if (p.HasInput(0)) HIL_TRY(p.ExpectType(*p.Input(0), TensorType::kInt32));
  const TensorSlot& weights = *d.weights;
  if (static_cast<uint32_t>(weights.dims[0]) != d.channels ||
      static_cast<uint32_t>(weights.dims[3]) != d.input_channels) {
    return p.Refuse(Status::kUnsupportedShape, "has channels that do not match its weights");
  }
  const Table& options = p.options();
  d.y = {d.input->dims[1], d.output->dims[1], weights.dims[1],
         options.Get<int32_t>(options::kStrideHeight, 0), 0};
  d.x = {d.input->dims[2], d.output->dims[2], weights.dims[2],
         options.Get<int32_t>(options::kStrideWidth, 0), 0};
  const auto padding = options.Get<int8_t>(options::kPadding, 0);
  if ((padding != schema::kPaddingSame && padding != schema::kPaddingValid) ||
      !MakeAxis(padding, &d.y) || !MakeAxis(padding, &d.x)) {
    return p.Refuse(Status::kUnsupportedOption, "has strides or padding out of range");
  }
  const auto activation = options.Get<int8_t>(options::kActivation, 0);
  HIL_TRY(PrepareConvolutionTypes(p, &d, activation, false, 0));
  return p.Keep(d);
}

template <typename Math>
void Run(const Data& d) {
  using Input = typename Math::Input;
  using Weight = typename Math::Weight;
  const Math math(d);
  const uint32_t depth = d.input_channels;
  const uint32_t tap_row = static_cast<uint32_t>(d.x.taps) * depth;
  const uint32_t channel_weights = static_cast<uint32_t>(d.y.taps) * tap_row;
  const uint32_t input_row = static_cast<uint32_t>(d.x.input) * depth;
  const Input* image = d.input->As<const Input>();
  Input* output = d.output->As<Input>();
  for (uint32_t b = 0; b < d.batches; ++b) {
    for (int32_t to_y = 0; to_y < d.y.output; ++to_y) {
      const Axis::Span rows = d.y.At(to_y);
      for (int32_t to_x = 0; to_x < d.x.output; ++to_x) {
        const Axis::Span columns = d.x.At(to_x);
        const Weight* weights = d.weights->As<const Weight>();
        for (uint32_t c = 0; c < d.channels; ++c, weights += channel_weights) {
          typename Math::Sum sum = 0;
          for (int32_t y = rows.first, tap_y = rows.tap; y < rows.end; ++y, tap_y -= d.y.stride) {
            const Input* row = image + static_cast<uint32_t>(y) * input_row;
            const Weight* taps = weights + static_cast<uint32_t>(tap_y) * tap_row;
            for (int32_t x = columns.first, tap_x = columns.tap; x < columns.end;
                 ++x, tap_x -= d.x.stride) {
              sum = math.Dot(sum, taps + static_cast<uint32_t>(tap_x) * depth,
                             row + static_cast<uint32_t>(x) * depth, depth);
            }
          }
          *output++ = math.Finish(sum, c);
        }
      }
    }
    image += static_cast<uint32_t>(d.y.input) * input_row;
  }
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int8_t, int16_t>(
      d.input->type, [&d](auto element) { Run<typename MathOf<decltype(element)>::Type>(d); });
  return Status::kOk;
}

}  // namespace

const Kernel kTransposeConvKernel = {schema::kTransposeConv, 5,       schema::kTransposeConvOptions,
                                     "TRANSPOSE_CONV",       Prepare, Eval};

}  // namespace hil::engine::builtin
