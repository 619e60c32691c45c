#include "engine/builtin/convolution.h"

namespace hil::engine::builtin {
namespace {

Status PrepareFactors(Preparation& p, Convolution* d, int32_t channel_dim) {
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

}  // namespace

Status PrepareConvolution(Preparation& p, const ConvolutionInputs& inputs, Convolution* d) {
  const size_t count = p.InputCount();
  if (count < inputs.bias || count > inputs.bias + 1 || p.OutputCount() != 1 ||
      !p.HasInput(inputs.input) || !p.HasInput(inputs.weights)) {
    return p.Refuse(Status::kCorruptModel, "needs an input, weights and one output");
  }
  d->input = p.Input(inputs.input);
  d->weights = p.Input(inputs.weights);
  d->bias = p.HasInput(inputs.bias) ? p.Input(inputs.bias) : nullptr;
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

Status PrepareConvolutionTypes(Preparation& p, Convolution* d, int8_t activation, bool narrow16,
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

}  // namespace hil::engine::builtin
