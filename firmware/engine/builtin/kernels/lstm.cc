// UNIDIRECTIONAL_SEQUENCE_LSTM: a whole sequence through one LSTM layer.
// float32; int8 activations with int8 weights, int32 biases and an int16 cell; int16 activations
// with int8 weights, int64 biases and an int16 cell. Neither peepholes nor projection nor layer
// normalisation, as TensorFlow Lite Micro has it.
//
// Hidden and cell state are variable tensors: they stay from call to call until ResetState. A step
// writes the new hidden state to the output first and copies it to the state when all units are
// done, because every unit still needs the old one; so no scratch memory is needed.
#include <cmath>

#include "engine/builtin/dot.h"
#include "engine/builtin/float_math.h"
#include "engine/builtin/imitation.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/sigmoid16.h"

namespace hil::engine::builtin {
namespace {

// Indices of the operator's 24 inputs; each first one is followed by its three siblings in the
// order input, forget, cell, output gate.
enum InputIndex : size_t {
  kInput = 0,
  kInputWeights = 1,
  kRecurrentWeights = 5,
  kPeepholes = 9,
  kBiases = 12,
  kProjection = 16,
  kHiddenState = 18,
  kCellState = 19,
  kLayerNorm = 20,
  kInputCount = 24,
};
enum Gate { kInputGate, kForgetGate, kCellGate, kOutputGate, kGates };

namespace options {
constexpr unsigned kActivation = 0, kCellClip = 1, kTimeMajor = 3, kDiagonal = 5;
}

struct GateData {
  const TensorSlot* input_weights;
  const TensorSlot* recurrent_weights;
  const TensorSlot* bias;
  Factor input_factor, recurrent_factor;
};

struct Data {
  const TensorSlot* input;
  TensorSlot* hidden;
  TensorSlot* cell;
  TensorSlot* output;
  GateData gates[kGates];
  uint32_t batches, steps, features, units;
  bool time_major;
  float cell_clip;  // 0: none
  // Integers only.
  int32_t input_offset, hidden_offset, hidden_zero_point;
  int16_t quantised_clip;
  Factor forget_factor, update_factor, hidden_factor;
  Sigmoid16 cell_tanh;
};

// Gate sums are in 1/4096, gate outputs in 1/32768.
constexpr float kGateInputScale = 1.0F / 4096.0F;
constexpr double kGateOutputScale = 1.0 / 32768.0;
constexpr Sigmoid16 kGateSigmoid = {3, 0};

bool HasShape2(const TensorSlot& slot, uint32_t rows, uint32_t columns) {
  return slot.rank == 2 && static_cast<uint32_t>(slot.dims[0]) == rows &&
         static_cast<uint32_t>(slot.dims[1]) == columns;
}

Status ExpectAbsent(Preparation& p, size_t first, size_t end, const char* what) {
  for (size_t i = first; i < end; ++i) {
    if (p.HasInput(i)) return p.Refuse(Status::kUnsupportedOption, "has ", what);
  }
  return Status::kOk;
}

Status PrepareInputs(Preparation& p, Data* d) {
  if (p.InputCount() != kInputCount || p.OutputCount() != 1) {
    return p.Refuse(Status::kCorruptModel, "needs 24 inputs and one output");
  }
  HIL_TRY(ExpectAbsent(p, kPeepholes, kBiases, "peephole connections"));
  HIL_TRY(ExpectAbsent(p, kProjection, kHiddenState, "a projection"));
  HIL_TRY(ExpectAbsent(p, kLayerNorm, kInputCount, "layer normalisation"));
  for (size_t i = 0; i <= kCellState; ++i) {
    const bool optional =
        (i >= kPeepholes && i < kBiases) || (i >= kProjection && i < kHiddenState);
    if (!optional && !p.HasInput(i)) {
      return p.Refuse(Status::kUnsupportedOption, "lacks input ", static_cast<uint32_t>(i),
                      " (coupled gates?)");
    }
  }
  d->input = p.Input(kInput);
  d->hidden = p.Input(kHiddenState);
  d->cell = p.Input(kCellState);
  d->output = p.Output(0);
  for (size_t g = 0; g < kGates; ++g) {
    d->gates[g].input_weights = p.Input(kInputWeights + g);
    d->gates[g].recurrent_weights = p.Input(kRecurrentWeights + g);
    d->gates[g].bias = p.Input(kBiases + g);
  }
  if (!d->hidden->Is(TensorSlot::kVariable) || !d->cell->Is(TensorSlot::kVariable)) {
    return p.Refuse(Status::kUnsupportedOption, "has states that are not variable tensors");
  }
  return Status::kOk;
}

Status PrepareShapes(Preparation& p, Data* d) {
  const TensorSlot& input = *d->input;
  const TensorSlot& output = *d->output;
  if (input.rank != 3 || output.rank != 3 || d->hidden->rank != 2) {
    return p.Refuse(Status::kUnsupportedShape, "takes sequences of rank 3 and states of rank 2");
  }
  d->time_major = p.options().Get<uint8_t>(options::kTimeMajor, 0) != 0;
  d->batches = static_cast<uint32_t>(input.dims[d->time_major ? 1 : 0]);
  d->steps = static_cast<uint32_t>(input.dims[d->time_major ? 0 : 1]);
  d->features = static_cast<uint32_t>(input.dims[2]);
  d->units = static_cast<uint32_t>(d->hidden->dims[1]);
  bool fits = output.dims[0] == input.dims[0] && output.dims[1] == input.dims[1] &&
              static_cast<uint32_t>(output.dims[2]) == d->units &&
              HasShape2(*d->hidden, d->batches, d->units) &&
              ElementCount(*d->cell) == uint64_t{d->batches} * d->units;
  for (const GateData& gate : d->gates) {
    fits = fits && HasShape2(*gate.input_weights, d->units, d->features) &&
           HasShape2(*gate.recurrent_weights, d->units, d->units) && gate.bias->rank == 1 &&
           ElementCount(*gate.bias) == d->units;
  }
  if (fits) return Status::kOk;
  return p.Refuse(Status::kUnsupportedShape, "has weights, states and sequences that do not match");
}

Status PrepareTypes(Preparation& p, const Data& d) {
  const TensorType type = d.input->type;
  TensorType weights = TensorType::kInt8;
  TensorType bias = TensorType::kInt32;
  TensorType cell = TensorType::kInt16;
  if (type == TensorType::kFloat32) {
    weights = bias = cell = TensorType::kFloat32;
  } else if (type == TensorType::kInt16) {
    bias = TensorType::kInt64;
  } else if (type != TensorType::kInt8) {
    return p.RefuseType(type, "float32, int8 or int16");
  }
  HIL_TRY(p.ExpectType(*d.output, type));
  HIL_TRY(p.ExpectType(*d.hidden, type));
  HIL_TRY(p.ExpectType(*d.cell, cell));
  for (const GateData& gate : d.gates) {
    HIL_TRY(p.ExpectType(*gate.input_weights, weights));
    HIL_TRY(p.ExpectType(*gate.recurrent_weights, weights));
    HIL_TRY(p.ExpectType(*gate.bias, bias));
  }
  return Status::kOk;
}

// The factor from a product of activations and weights to gate sums.
Status GateFactor(Preparation& p, const Affine& activations, const TensorSlot& weights,
                  Factor* factor) {
  Affine w;
  HIL_TRY(p.ExpectAffine(weights, &w));
  const double product =
      ProductOfScales(static_cast<double>(activations.scale), static_cast<double>(w.scale));
  const bool made = MakeFactor(product / static_cast<double>(kGateInputScale), factor);
  if (!made || w.zero_point != 0 || factor->shift > Factor::kMostShift64) {
    return p.Refuse(Status::kUnsupportedOption,
                    "has weights with scales or zero points out of range");
  }
  return Status::kOk;
}

Status PrepareInteger(Preparation& p, Data* d) {
  Affine input;
  Affine hidden;
  Affine cell;
  HIL_TRY(p.ExpectAffine(*d->input, &input));
  HIL_TRY(p.ExpectAffine(*d->hidden, &hidden));
  HIL_TRY(p.ExpectAffine(*d->cell, &cell));
  d->input_offset = -input.zero_point;
  d->hidden_offset = -hidden.zero_point;
  d->hidden_zero_point = hidden.zero_point;
  for (GateData& gate : d->gates) {
    HIL_TRY(GateFactor(p, input, *gate.input_weights, &gate.input_factor));
    HIL_TRY(GateFactor(p, hidden, *gate.recurrent_weights, &gate.recurrent_factor));
  }
  const auto cell_scale = static_cast<double>(cell.scale);
  const double product = kGateOutputScale * kGateOutputScale;
  int exponent = 0;
  const bool power_of_two = IsPowerOfTwo(cell.scale, &exponent);
  const int left = 12 + exponent;
  if (!power_of_two || left < -15 || left > 12 || cell.zero_point != 0 ||
      !MakeFactor(kGateOutputScale * cell_scale / cell_scale, &d->forget_factor) ||
      !MakeFactor(product / cell_scale, &d->update_factor) ||
      !MakeFactor(product / static_cast<double>(hidden.scale), &d->hidden_factor)) {
    return p.Refuse(Status::kUnsupportedOption, "has state scales out of range");
  }
  d->cell_tanh = left < 0 ? Sigmoid16{3, -left} : Sigmoid16{3 << left, 0};
  d->quantised_clip = static_cast<int16_t>(
      Clamp(static_cast<double>(d->cell_clip) / cell_scale, -32768.0, 32767.0));
  return Status::kOk;
}

Status Prepare(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareInputs(p, &d));
  HIL_TRY(PrepareShapes(p, &d));
  HIL_TRY(PrepareTypes(p, d));
  if (p.options().Get<int8_t>(options::kActivation, 0) != schema::kActivationTanh ||
      p.options().Get<uint8_t>(options::kDiagonal, 0) != 0) {
    return p.Refuse(Status::kUnsupportedOption, "has another activation than tanh, or is diagonal");
  }
  d.cell_clip = p.options().Get<float>(options::kCellClip, 0.0F);
  if (!std::isfinite(d.cell_clip)) {
    return p.Refuse(Status::kUnsupportedOption, "has a cell clip that is no number");
  }
  if (d.input->type != TensorType::kFloat32) HIL_TRY(PrepareInteger(p, &d));
  return p.Keep(d);
}

// One step of one sequence: where its parts are.
template <typename Activation, typename Cell>
struct Step {
  const Activation* input;
  const Activation* hidden;
  Cell* cell;
  Activation* output;
};

void Run(const Data& d, const Step<float, float>& s) {
  const auto clip = [&d](float c) {
    const float lowered = d.cell_clip < c ? d.cell_clip : c;
    return lowered < -d.cell_clip ? -d.cell_clip : lowered;
  };
  for (uint32_t u = 0; u < d.units; ++u) {
    const float* input_rows[kGates];
    const float* recurrent_rows[kGates];
    for (int g = 0; g < kGates; ++g) {
      input_rows[g] = d.gates[g].input_weights->As<const float>() + u * d.features;
      recurrent_rows[g] = d.gates[g].recurrent_weights->As<const float>() + u * d.units;
    }
    float from_input[kGates];
    float from_hidden[kGates];
    DotFloat4(input_rows, s.input, d.features, from_input);
    DotFloat4(recurrent_rows, s.hidden, d.units, from_hidden);
    float sums[kGates];
    for (int g = 0; g < kGates; ++g) {
      sums[g] = (from_input[g] + d.gates[g].bias->As<const float>()[u]) + from_hidden[g];
    }
    const float forgotten = Logistic(sums[kForgetGate]) * s.cell[u];
    const float added = Logistic(sums[kInputGate]) * Tanh(sums[kCellGate]);
    float c = forgotten + added;
    if (d.cell_clip > 0.0F) c = clip(c);
    s.cell[u] = c;
    s.output[u] = Tanh(c) * Logistic(sums[kOutputGate]);
  }
}

int32_t ToInt16(int32_t x) { return Clamp(x, -32768, 32767); }

// The sums of all gates of one unit over `count` inputs, in 1/4096, added to `totals`.
template <bool kFromInput>
void AddGateSums(const Data& d, uint32_t unit, const int8_t* x, uint32_t count, int32_t offset,
                 int32_t totals[kGates]) {
  const int8_t* rows[kGates];
  int32_t sums[kGates] = {};
  for (int g = 0; g < kGates; ++g) {
    const GateData& gate = d.gates[g];
    const TensorSlot* weights = kFromInput ? gate.input_weights : gate.recurrent_weights;
    rows[g] = weights->As<const int8_t>() + unit * count;
    if (kFromInput) sums[g] = gate.bias->As<const int32_t>()[unit];
  }
  DotInt8x4(rows, x, count, offset, sums);
  for (int g = 0; g < kGates; ++g) {
    const Factor& factor = kFromInput ? d.gates[g].input_factor : d.gates[g].recurrent_factor;
    totals[g] += ToInt16(factor.Apply(sums[g]));
  }
}

template <bool kFromInput>
void AddGateSums(const Data& d, uint32_t unit, const int16_t* x, uint32_t count, int32_t offset,
                 int32_t totals[kGates]) {
  for (int g = 0; g < kGates; ++g) {
    const GateData& gate = d.gates[g];
    const TensorSlot* weights = kFromInput ? gate.input_weights : gate.recurrent_weights;
    int64_t sum =
        DotOffsets<int64_t>(weights->As<const int8_t>() + unit * count, 0, x, offset, count);
    if (kFromInput) sum = WrapAdd64(sum, Int64At(*gate.bias, unit));
    const Factor& factor = kFromInput ? gate.input_factor : gate.recurrent_factor;
    totals[g] += ToInt16(factor.Apply64(sum));
  }
}

template <typename Activation>
void Run(const Data& d, const Step<Activation, int16_t>& s) {
  constexpr int32_t kLeast = sizeof(Activation) == 1 ? -128 : -32768;
  constexpr int32_t kMost = sizeof(Activation) == 1 ? 127 : 32767;
  for (uint32_t u = 0; u < d.units; ++u) {
    int32_t sums[kGates] = {};
    AddGateSums<true>(d, u, s.input, d.features, d.input_offset, sums);
    AddGateSums<false>(d, u, s.hidden, d.units, d.hidden_offset, sums);
    int32_t gates[kGates];
    for (int g = 0; g < kGates; ++g) {
      const auto sum = static_cast<int16_t>(ToInt16(sums[g]));
      gates[g] = g == kCellGate ? Tanh16(kGateSigmoid, sum) : Logistic16(kGateSigmoid, sum);
    }
    const int32_t forgotten = ToInt16(d.forget_factor.Apply(gates[kForgetGate] * s.cell[u]));
    const int32_t added = ToInt16(d.update_factor.Apply(gates[kInputGate] * gates[kCellGate]));
    auto c = static_cast<int16_t>(ToInt16(forgotten + added));
    if (d.cell_clip > 0.0F) {
      c = static_cast<int16_t>(Clamp<int32_t>(c, -d.quantised_clip, d.quantised_clip));
    }
    s.cell[u] = c;
    const int32_t hidden = d.hidden_factor.Apply(Tanh16(d.cell_tanh, c) * gates[kOutputGate]);
    s.output[u] =
        static_cast<Activation>(Clamp(WrapAdd(hidden, d.hidden_zero_point), kLeast, kMost));
  }
}

template <typename Activation, typename Cell>
void Forget(const Data& d, Activation* hidden, Cell* cell) {
  for (uint32_t u = 0; u < d.units; ++u) {
    hidden[u] = static_cast<Activation>(d.hidden_zero_point);
    cell[u] = 0;
  }
}

template <typename Activation, typename Cell>
void RunSequences(const Data& d) {
  constexpr bool kInteger = sizeof(Cell) == sizeof(int16_t);
  const uint32_t step_stride = d.time_major ? d.batches : 1;
  const uint32_t batch_stride = d.time_major ? 1 : d.steps;
  for (uint32_t b = 0; b < d.batches; ++b) {
    Activation* hidden = d.hidden->As<Activation>() + b * d.units;
    if (kInteger && Imitation().forgetful_lstm) Forget(d, hidden, d.cell->As<Cell>() + b * d.units);
    for (uint32_t t = 0; t < d.steps; ++t) {
      const uint32_t row = b * batch_stride + t * step_stride;
      Activation* output = d.output->As<Activation>() + row * d.units;
      Run(d, Step<Activation, Cell>{d.input->As<const Activation>() + row * d.features, hidden,
                                    d.cell->As<Cell>() + b * d.units, output});
      std::memcpy(hidden, output, d.units * sizeof(Activation));
    }
  }
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  switch (d.input->type) {
    case TensorType::kFloat32:
      RunSequences<float, float>(d);
      break;
    case TensorType::kInt8:
      RunSequences<int8_t, int16_t>(d);
      break;
    default:
      RunSequences<int16_t, int16_t>(d);
      break;
  }
  return Status::kOk;
}

}  // namespace

const Kernel kUnidirectionalSequenceLstmKernel = {
    schema::kUnidirectionalSequenceLstm, 4,       schema::kUnidirectionalSequenceLstmOptions,
    "UNIDIRECTIONAL_SEQUENCE_LSTM",      Prepare, Eval};

}  // namespace hil::engine::builtin
