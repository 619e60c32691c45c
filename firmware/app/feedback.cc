#include "app/feedback.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace hil::app {
namespace {

// One model is loaded at a time, so there is one memory for its states. Beside the arena: the
// core's own RAM is for the stack and the line.
alignas(8) [[gnu::section(".sram")]] uint8_t held[kMaxStateBytes];

bool SameBits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

bool Describes(const engine::Tensor& tensor, float scale, int32_t zero_point) {
  return SameBits(tensor.scale, scale) && tensor.zero_point == zero_point;
}

bool SameScale(const StatePair& pair) {
  return SameBits(pair.input_scale, pair.output_scale) &&
         pair.input_zero_point == pair.output_zero_point;
}

bool IsQuantised(const engine::Tensor& tensor) {
  return (tensor.type == engine::TensorType::kInt8 || tensor.type == engine::TensorType::kUInt8 ||
          tensor.type == engine::TensorType::kInt16) &&
         tensor.scale > 0.0F;
}

// DEQUANTIZE and QUANTIZE one after the other, in single precision and half away from zero: what
// harness/tflm_hil/models/tflite/quantize.py does when the references feed a state back.
template <typename T>
void Requantise(const StatePair& pair, Span<const uint8_t> from, uint8_t* to) {
  constexpr float kFar = 1e6F;  // beyond every type, so that the conversion is defined
  for (size_t i = 0; i < from.size(); i += sizeof(T)) {
    T stored;
    std::memcpy(&stored, from.data() + i, sizeof stored);
    const float real = pair.output_scale * static_cast<float>(stored - pair.output_zero_point);
    const float units = std::clamp(std::round(real / pair.input_scale), -kFar, kFar);
    const int32_t next = static_cast<int32_t>(units) + pair.input_zero_point;
    const int32_t least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
    stored = static_cast<T>(std::clamp(next, least, most));
    std::memcpy(to + i, &stored, sizeof stored);
  }
}

template <typename T>
void Fill(int32_t zero_point, size_t bytes, uint8_t* to) {
  const T zero = static_cast<T>(zero_point);
  for (size_t i = 0; i < bytes; i += sizeof zero) std::memcpy(to + i, &zero, sizeof zero);
}

}  // namespace

Feedback::Fit Feedback::Adopt(const StateList& states) {
  Forget();
  for (const StatePair& pair : states) {
    const Fit fit = AdoptOne(pair);
    if (fit != Fit::kOk) {
      Forget();
      return fit;
    }
  }
  Reset();
  return Fit::kOk;
}

Feedback::Fit Feedback::AdoptOne(const StatePair& pair) {
  State state;
  state.pair = pair;
  if (IsInput(pair.input) || IsOutput(pair.output) || pair.input >= engine::InputCount() ||
      pair.output >= engine::OutputCount() ||
      engine::Input(pair.input, &state.input) != engine::Status::kOk ||
      engine::Output(pair.output, &state.output) != engine::Status::kOk ||
      !Describes(state.input, pair.input_scale, pair.input_zero_point) ||
      !Describes(state.output, pair.output_scale, pair.output_zero_point) ||
      state.input.type != state.output.type ||
      state.input.bytes.size() != state.output.bytes.size() ||
      (!SameScale(pair) && (!IsQuantised(state.input) || !IsQuantised(state.output)))) {
    return Fit::kMismatch;
  }
  const size_t bytes = state.input.bytes.size();
  state.at = (held_bytes_ + kStateAlignment - 1) / kStateAlignment * kStateAlignment;
  if (state.at > kMaxStateBytes || bytes > kMaxStateBytes - state.at) return Fit::kTooLarge;
  held_bytes_ = state.at + bytes;
  states_[size_++] = state;
  return Fit::kOk;
}

bool Feedback::IsInput(size_t index) const {
  const Span<const State> all = states();
  return std::any_of(all.begin(), all.end(),
                     [index](const State& state) { return state.pair.input == index; });
}

bool Feedback::IsOutput(size_t index) const {
  const Span<const State> all = states();
  return std::any_of(all.begin(), all.end(),
                     [index](const State& state) { return state.pair.output == index; });
}

void Feedback::Reset() {
  for (const State& state : states()) {
    uint8_t* const to = held + state.at;
    const size_t bytes = state.input.bytes.size();
    if (state.input.type == engine::TensorType::kInt8) {
      Fill<int8_t>(state.pair.input_zero_point, bytes, to);
    } else if (state.input.type == engine::TensorType::kUInt8) {
      Fill<uint8_t>(state.pair.input_zero_point, bytes, to);
    } else if (state.input.type == engine::TensorType::kInt16) {
      Fill<int16_t>(state.pair.input_zero_point, bytes, to);
    } else {
      std::memset(to, 0, bytes);
    }
  }
}

void Feedback::Restore() const {
  for (const State& state : states()) {
    std::memcpy(state.input.bytes.data(), held + state.at, state.input.bytes.size());
  }
}

void Feedback::Keep() {
  for (const State& state : states()) {
    uint8_t* const to = held + state.at;
    const Span<const uint8_t> from = state.output.bytes;
    if (SameScale(state.pair)) {
      std::memcpy(to, from.data(), from.size());
    } else if (state.input.type == engine::TensorType::kInt8) {
      Requantise<int8_t>(state.pair, from, to);
    } else if (state.input.type == engine::TensorType::kUInt8) {
      Requantise<uint8_t>(state.pair, from, to);
    } else {
      Requantise<int16_t>(state.pair, from, to);
    }
  }
}

}  // namespace hil::app
