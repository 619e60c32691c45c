// FULLY_CONNECTED: every row of the weights times every row of the input, plus bias.
// float32; int8 with int8 weights and int32 bias; int16 with int8 weights and int32 or int64 bias.
// Integer weights may have one scale per tensor or one per output channel.
#include <cmath>

#include "engine/builtin/activation.h"
#include "engine/builtin/dot.h"
#include "engine/builtin/imitation.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

namespace options {
constexpr unsigned kActivation = 0, kWeightsFormat = 1, kQuantizedBiasType = 4;
}

struct Data {
  const TensorSlot* input;
  const TensorSlot* weights;
  const TensorSlot* bias;  // nullptr if there is none
  TensorSlot* output;
  uint32_t batches, depth, channels;
  FloatRange float_range;
  IntRange int_range;
  int32_t input_offset, weight_offset, output_offset;
  bool wide_sum;  // int16: 64-bit sums
  Factor factor;
  const Factor* per_channel;  // one for each channel, or nullptr
};

Status PrepareShape(Preparation& p, Data* d) {
  const TensorSlot& weights = *d->weights;
  const TensorSlot& output = *d->output;
  if (weights.rank != 2 || output.rank == 0) {
    return p.Refuse(Status::kUnsupportedShape, "takes weights of rank 2 and no scalar output");
  }
  d->channels = static_cast<uint32_t>(weights.dims[0]);
  d->depth = static_cast<uint32_t>(weights.dims[1]);
  const uint32_t outputs = ElementCount(output);
  d->batches = outputs / d->channels;
  if (static_cast<uint32_t>(output.dims[output.rank - 1]) != d->channels ||
      uint64_t{d->batches} * d->depth != ElementCount(*d->input)) {
    return p.Refuse(Status::kUnsupportedShape,
                    "has an input, weights and output that do not match");
  }
  if (d->bias != nullptr && ElementCount(*d->bias) != d->channels) {
    return p.Refuse(Status::kUnsupportedShape, "has a bias of another length than its output");
  }
  return Status::kOk;
}

Status PrepareFactors(Preparation& p, Data* d, const Affine& input, const Affine& output) {
  const ScalarVector<float> scales = p.Scales(*d->weights);
  const ScalarVector<int64_t> zero_points = p.ZeroPoints(*d->weights);
  for (uint32_t i = 0; i < scales.count; ++i) {
    if (!std::isfinite(scales[i]) || scales[i] < 0.0F) {
      return p.Refuse(Status::kUnsupportedOption,
                      "has a weight scale that is negative or no number");
    }
  }
  if (scales.count > 1) {
    if (scales.count != d->channels || p.QuantizedDimension(*d->weights) != 0) {
      return p.Refuse(Status::kUnsupportedOption, "has weight scales along another dimension");
    }
    Factor* factors = p.MakeArray<Factor>(scales.count);
    d->per_channel = factors;
    for (uint32_t i = 0; factors != nullptr && i < scales.count; ++i) {
      const double factor = static_cast<double>(input.scale) * static_cast<double>(scales[i]) /
                            static_cast<double>(output.scale);
      if (!MakeFactor(factor, &factors[i])) {
        return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
      }
    }
    return Status::kOk;
  }
  const double product =
      ProductOfScales(static_cast<double>(input.scale), static_cast<double>(scales[0]));
  const int64_t weight_zero = zero_points[0];
  if (scales.count != 1 || weight_zero < -128 || weight_zero > 127 ||
      !MakeFactor(product / static_cast<double>(output.scale), &d->factor)) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  d->weight_offset = static_cast<int32_t>(-weight_zero);
  if (d->bias != nullptr) {
    // A bias in other units than the sum's would be added wrongly; the reference allows this much.
    const double bias_scale = static_cast<double>(p.Scales(*d->bias)[0]);
    const double difference = std::fabs(product - bias_scale) / static_cast<double>(output.scale);
    if (!(difference <= 0.02)) {
      return p.Refuse(Status::kUnsupportedOption,
                      "has a bias scale that is not input times weight");
    }
  }
  return Status::kOk;
}

Status PrepareInteger(Preparation& p, Data* d) {
  const TensorType type = d->input->type;
  HIL_TRY(p.ExpectType(*d->weights, TensorType::kInt8));
  TensorType bias_type = TensorType::kInt32;
  if (type == TensorType::kInt16) {
    const auto declared =
        static_cast<TensorType>(p.options().Get<int8_t>(options::kQuantizedBiasType, 0));
    bias_type = d->bias != nullptr ? d->bias->type : declared;
    d->wide_sum = bias_type != TensorType::kInt32;
    if (d->bias != nullptr && d->wide_sum) bias_type = TensorType::kInt64;
  }
  if (d->bias != nullptr) HIL_TRY(p.ExpectType(*d->bias, bias_type));
  Affine input;
  Affine output;
  HIL_TRY(p.ExpectAffine(*d->input, &input));
  HIL_TRY(p.ExpectAffine(*d->output, &output));
  d->input_offset = -input.zero_point;
  d->output_offset = output.zero_point;
  HIL_TRY(PrepareFactors(p, d, input, output));
  for (uint32_t c = 0; d->wide_sum && c < d->channels; ++c) {
    const Factor& factor = d->per_channel != nullptr ? d->per_channel[c] : d->factor;
    if (factor.shift > Factor::kMostShift64) {
      return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
    }
  }
  return FusedRange(p, p.options().Get<int8_t>(options::kActivation, 0), *d->output, output,
                    &d->int_range);
}

Status Prepare(Preparation& p) {
  if (p.InputCount() == 2) {
    HIL_TRY(p.ExpectCounts(2, 1));
  } else if (p.InputCount() != 3 || p.OutputCount() != 1 || !p.HasInput(0) || !p.HasInput(1)) {
    return p.Refuse(Status::kCorruptModel, "needs an input, weights and one output");
  }
  Data d = {};
  d.input = p.Input(0);
  d.weights = p.Input(1);
  d.bias = p.HasInput(2) ? p.Input(2) : nullptr;
  d.output = p.Output(0);
  if (p.options().Get<int8_t>(options::kWeightsFormat, 0) != 0) {
    return p.Refuse(Status::kUnsupportedOption, "has shuffled weights");
  }
  HIL_TRY(PrepareShape(p, &d));
  HIL_TRY(p.ExpectType(*d.output, d.input->type));
  switch (d.input->type) {
    case TensorType::kFloat32:
      HIL_TRY(p.ExpectType(*d.weights, TensorType::kFloat32));
      if (d.bias != nullptr) HIL_TRY(p.ExpectType(*d.bias, TensorType::kFloat32));
      HIL_TRY(FusedRange(p, p.options().Get<int8_t>(options::kActivation, 0), &d.float_range));
      break;
    case TensorType::kInt8:
    case TensorType::kInt16:
      HIL_TRY(PrepareInteger(p, &d));
      break;
    default:
      return p.RefuseType(d.input->type, "float32, int8 or int16");
  }
  return p.Keep(d);
}

void EvalFloat(const Data& d) {
  const float* bias = d.bias != nullptr ? d.bias->As<const float>() : nullptr;
  const float* input = d.input->As<const float>();
  float* output = d.output->As<float>();
  for (uint32_t b = 0; b < d.batches; ++b, input += d.depth, output += d.channels) {
    const float* row = d.weights->As<const float>();
    uint32_t c = 0;
    for (; c + 4 <= d.channels; c += 4, row += 4 * d.depth) {
      const float* rows[4] = {row, row + d.depth, row + 2 * d.depth, row + 3 * d.depth};
      float sums[4];
      DotFloat4(rows, input, d.depth, sums);
      for (uint32_t k = 0; k < 4; ++k) {
        output[c + k] = d.float_range.Clamp(sums[k] + (bias != nullptr ? bias[c + k] : 0.0F));
      }
    }
    for (; c < d.channels; ++c, row += d.depth) {
      const float sum = DotFloat(row, input, d.depth);
      output[c] = d.float_range.Clamp(sum + (bias != nullptr ? bias[c] : 0.0F));
    }
  }
}

// The last step of every integer channel. A copy in local variables: stores of results could alias
// the operator's data, and it would be read again for each of them.
struct Finish {
  explicit Finish(const Data& d)
      : per_channel(d.per_channel), factor(d.factor), offset(d.output_offset), range(d.int_range) {}

  int32_t operator()(int32_t sum, uint32_t channel) const {
    const Factor& f = per_channel != nullptr ? per_channel[channel] : factor;
    return range.Clamp(WrapAdd(f.Apply(sum), offset));
  }

  const Factor* per_channel;
  Factor factor;
  int32_t offset;
  IntRange range;
};

void EvalInt8(const Data& d) {
  const int32_t* bias = d.bias != nullptr ? d.bias->As<const int32_t>() : nullptr;
  const int8_t* input = d.input->As<const int8_t>();
  int8_t* output = d.output->As<int8_t>();
  const Finish finish(d);
  const uint32_t depth = d.depth;
  const uint32_t channels = d.channels;
  const int32_t input_offset = d.input_offset;
  const int32_t weight_offset = d.weight_offset;
  for (uint32_t b = d.batches; b > 0; --b, input += depth, output += channels) {
    const int8_t* row = d.weights->As<const int8_t>();
    uint32_t c = 0;
    for (; weight_offset == 0 && c + 4 <= channels; c += 4, row += 4 * depth) {
      const int8_t* rows[4] = {row, row + depth, row + 2 * depth, row + 3 * depth};
      int32_t sums[4] = {};
      if (bias != nullptr) std::memcpy(sums, bias + c, sizeof(sums));
      DotInt8x4(rows, input, depth, input_offset, sums);
      for (uint32_t k = 0; k < 4; ++k) output[c + k] = static_cast<int8_t>(finish(sums[k], c + k));
    }
    for (; c < channels; ++c, row += depth) {
      int32_t sum = DotOffsets<int32_t>(row, weight_offset, input, input_offset, depth);
      if (bias != nullptr) sum = WrapAdd(sum, bias[c]);
      output[c] = static_cast<int8_t>(finish(sum, c));
    }
  }
}

void EvalInt16(const Data& d) {
  const int16_t* input = d.input->As<const int16_t>();
  int16_t* output = d.output->As<int16_t>();
  for (uint32_t b = 0; b < d.batches; ++b, input += d.depth, output += d.channels) {
    const int8_t* row = d.weights->As<const int8_t>();
    for (uint32_t c = 0; c < d.channels; ++c, row += d.depth) {
      const Factor& factor = d.per_channel != nullptr ? d.per_channel[c] : d.factor;
      const int64_t sum = DotOffsets<int64_t>(row, d.weight_offset, input, d.input_offset, d.depth);
      int32_t scaled = 0;
      if (d.wide_sum) {
        scaled = factor.Apply64(d.bias != nullptr ? WrapAdd64(sum, Int64At(*d.bias, c)) : sum);
      } else {
        const int32_t bias = d.bias != nullptr ? d.bias->As<const int32_t>()[c] : 0;
        scaled = factor.Apply(WrapAdd(static_cast<int32_t>(sum), bias));
      }
      output[c] = static_cast<int16_t>(d.int_range.Clamp(WrapAdd(scaled, d.output_offset)));
    }
  }
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  switch (d.input->type) {
    case TensorType::kFloat32:
      EvalFloat(d);
      break;
    case TensorType::kInt8:
      EvalInt8(d);
      break;
    default:
      EvalInt16(d);
      break;
  }
  return Status::kOk;
}

}  // namespace

const Kernel kFullyConnectedKernel = {
    schema::kFullyConnected, 12, schema::kFullyConnectedOptions, "FULLY_CONNECTED", Prepare, Eval};

}  // namespace hil::engine::builtin
