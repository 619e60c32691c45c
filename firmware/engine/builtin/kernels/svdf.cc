// SVDF: a fully connected layer whose weights over time have a low rank. float32; int8 activations
// with int8 weights, int32 biases and a state of int8 or int16.
//
// Each filter (rank of them make a unit) has a row of `memory` numbers, the state: its response to
// the last inputs, the newest last. A step moves the row on by one, puts the response to this input
// at its end, and weighs the row with the filter's weights over time.
//
// As the reference does, the integer form has no activation: what the option says is left to the
// range of int8.
#include <cmath>
#include <cstring>
#include <initializer_list>

#include "engine/builtin/activation.h"
#include "engine/builtin/dot.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

constexpr unsigned kRankField = 0, kActivationField = 1;
constexpr float kMostBiasError = 1e-5F;
enum InputIndex : size_t { kInput, kFeatureWeights, kTimeWeights, kBias, kState, kInputCount };

struct Data {
  const TensorSlot* input;
  const TensorSlot* features;
  const TensorSlot* times;
  const TensorSlot* bias;  // nullptr if there is none
  TensorSlot* state;
  TensorSlot* output;
  uint32_t batches, width, filters, rank, units, memory;
  FloatRange range;
  int32_t input_offset, state_zero_point, output_zero_point;
  Factor response_factor, output_factor;
};

bool IsMatrix(const TensorSlot& slot, uint32_t rows, uint32_t columns) {
  return slot.rank == 2 && static_cast<uint32_t>(slot.dims[0]) == rows &&
         static_cast<uint32_t>(slot.dims[1]) == columns;
}

Status PrepareShapes(Preparation& p, Data* d) {
  HIL_TRY(p.ExpectCounts(kInputCount, 1));
  for (const InputIndex i : {kInput, kFeatureWeights, kTimeWeights, kState}) {
    if (!p.HasInput(i) || p.Input(i)->rank != 2) {
      return p.Refuse(Status::kUnsupportedShape, "needs input, weights and state of rank 2");
    }
  }
  d->input = p.Input(kInput);
  d->features = p.Input(kFeatureWeights);
  d->times = p.Input(kTimeWeights);
  d->bias = p.HasInput(kBias) ? p.Input(kBias) : nullptr;
  d->state = p.Input(kState);
  d->output = p.Output(0);
  const int32_t rank = p.options().Get<int32_t>(kRankField, 0);
  d->batches = static_cast<uint32_t>(d->input->dims[0]);
  d->width = static_cast<uint32_t>(d->input->dims[1]);
  d->filters = static_cast<uint32_t>(d->features->dims[0]);
  d->memory = static_cast<uint32_t>(d->times->dims[1]);
  if (rank <= 0 || d->filters % static_cast<uint32_t>(rank) != 0) {
    return p.Refuse(Status::kUnsupportedOption, "has rank ", rank, " for ", d->filters, " filters");
  }
  d->rank = static_cast<uint32_t>(rank);
  d->units = d->filters / d->rank;
  if (!IsMatrix(*d->features, d->filters, d->width) ||
      !IsMatrix(*d->times, d->filters, d->memory) ||
      !IsMatrix(*d->state, d->batches, d->filters * d->memory) ||
      !IsMatrix(*d->output, d->batches, d->units) ||
      (d->bias != nullptr && ElementCount(*d->bias) != d->units)) {
    return p.Refuse(Status::kUnsupportedShape, "has tensors whose shapes do not belong together");
  }
  if (!d->state->Is(TensorSlot::kVariable)) {
    return p.Refuse(Status::kUnsupportedOption, "has a state that is no variable tensor");
  }
  return Status::kOk;
}

Status PrepareFloat(Preparation& p, Data* d) {
  for (const TensorSlot* slot : {d->features, d->times, static_cast<const TensorSlot*>(d->state),
                                 static_cast<const TensorSlot*>(d->output)}) {
    HIL_TRY(p.ExpectType(*slot, TensorType::kFloat32));
  }
  if (d->bias != nullptr) HIL_TRY(p.ExpectType(*d->bias, TensorType::kFloat32));
  return FusedRange(p, p.options().Get<int8_t>(kActivationField, 0), &d->range);
}

Status PrepareInteger(Preparation& p, Data* d) {
  HIL_TRY(p.ExpectType(*d->features, TensorType::kInt8));
  HIL_TRY(p.ExpectType(*d->output, TensorType::kInt8));
  if (d->times->type != TensorType::kInt8 && d->times->type != TensorType::kInt16) {
    return p.RefuseType(d->times->type, "int8 or int16");
  }
  HIL_TRY(p.ExpectType(*d->state, d->times->type));
  if (d->bias != nullptr) HIL_TRY(p.ExpectType(*d->bias, TensorType::kInt32));
  Affine input, features, times, state, output;
  HIL_TRY(p.ExpectAffine(*d->input, &input));
  HIL_TRY(p.ExpectAffine(*d->features, &features));
  HIL_TRY(p.ExpectAffine(*d->times, &times));
  HIL_TRY(p.ExpectAffine(*d->state, &state));
  HIL_TRY(p.ExpectAffine(*d->output, &output));
  if (d->bias != nullptr) {
    Affine bias;
    HIL_TRY(p.ExpectAffine(*d->bias, &bias));
    if (!(std::fabs(bias.scale - state.scale * times.scale) < kMostBiasError)) {
      return p.Refuse(Status::kUnsupportedOption,
                      "has a bias that is not on the scale of state by weights");
    }
  }
  // Products of scales in single precision, as the reference forms them.
  if (!MakeFactor(static_cast<double>(input.scale * features.scale / state.scale),
                  &d->response_factor) ||
      !MakeFactor(static_cast<double>(state.scale * times.scale / output.scale),
                  &d->output_factor)) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  d->input_offset = -input.zero_point;
  d->state_zero_point = state.zero_point;
  d->output_zero_point = output.zero_point;
  return Status::kOk;
}

Status Prepare(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareShapes(p, &d));
  if (d.input->type == TensorType::kFloat32) {
    HIL_TRY(PrepareFloat(p, &d));
  } else if (d.input->type == TensorType::kInt8) {
    HIL_TRY(PrepareInteger(p, &d));
  } else {
    return p.RefuseType(d.input->type, "float32 or int8");
  }
  return p.Keep(d);
}

// Moves a filter's row on by one and puts `newest` at its end.
template <typename T>
void Remember(T* row, uint32_t memory, T newest) {
  std::memmove(row, row + 1, (memory - 1) * sizeof(T));
  row[memory - 1] = newest;
}

void RunFloat(const Data& d) {
  const float* bias = d.bias != nullptr ? d.bias->As<const float>() : nullptr;
  float* row = d.state->As<float>();
  float* output = d.output->As<float>();
  for (uint32_t b = 0; b < d.batches; ++b) {
    const float* input = d.input->As<const float>() + b * d.width;
    const float* features = d.features->As<const float>();
    const float* times = d.times->As<const float>();
    for (uint32_t unit = 0; unit < d.units; ++unit) {
      float sum = bias != nullptr ? bias[unit] : 0.0F;
      for (uint32_t r = 0; r < d.rank; ++r) {
        Remember(row, d.memory, DotFloat(features, input, d.width));
        sum += DotFloat(times, row, d.memory);
        features += d.width;
        times += d.memory;
        row += d.memory;
      }
      *output++ = d.range.Clamp(sum);
    }
  }
}

template <typename State>
void RunInteger(const Data& d) {
  constexpr int32_t kMost = sizeof(State) == 1 ? 127 : 32767;
  const int32_t* bias = d.bias != nullptr ? d.bias->As<const int32_t>() : nullptr;
  State* row = d.state->As<State>();
  int8_t* output = d.output->As<int8_t>();
  for (uint32_t b = 0; b < d.batches; ++b) {
    const int8_t* input = d.input->As<const int8_t>() + b * d.width;
    const int8_t* features = d.features->As<const int8_t>();
    const State* times = d.times->As<const State>();
    for (uint32_t unit = 0; unit < d.units; ++unit) {
      int32_t sum = bias != nullptr ? bias[unit] : 0;
      for (uint32_t r = 0; r < d.rank; ++r) {
        const int32_t dot = DotInt8(features, input, d.width, d.input_offset);
        const int32_t response = Clamp(d.response_factor.Apply(dot), -kMost - 1, kMost);
        Remember(row, d.memory, static_cast<State>(response + d.state_zero_point));
        for (uint32_t i = 0; i < d.memory; ++i) {
          sum = WrapAdd(sum, WrapMul(times[i], row[i] - d.state_zero_point));
        }
        features += d.width;
        times += d.memory;
        row += d.memory;
      }
      const int32_t y = WrapAdd(d.output_factor.Apply(sum), d.output_zero_point);
      *output++ = static_cast<int8_t>(Clamp(y, -128, 127));
    }
  }
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int8_t, int16_t>(d.state->type, [&d](auto element) {
    if constexpr (std::is_same_v<decltype(element), float>) {
      RunFloat(d);
    } else {
      RunInteger<decltype(element)>(d);
    }
  });
  return Status::kOk;
}

}  // namespace

const Kernel kSvdfKernel = {schema::kSvdf, 4, schema::kSvdfOptions, "SVDF", Prepare, Eval};

}  // namespace hil::engine::builtin
