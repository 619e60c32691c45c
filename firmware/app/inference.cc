#include "app/inference.h"

#include <algorithm>
#include <cstring>

#include "app/self_test.h"
#include "board/board.h"

namespace hil::app {
namespace {

uint32_t Saturated(uint64_t cycles) {
  return static_cast<uint32_t>(std::min<uint64_t>(cycles, UINT32_MAX));
}

// What two time stamps with nothing between them see.
uint32_t MeasuringOverhead() {
  uint64_t smallest = UINT64_MAX;
  for (int i = 0; i < 8; ++i) {
    const uint64_t start = board::Cycles();
    smallest = std::min(smallest, board::Cycles() - start);
  }
  return Saturated(smallest);
}

}  // namespace

Inference::Adoption Inference::Adopt(const StateList& states) {
  Forget();
  input_count_ = output_count_ = 0;
  input_bytes_ = output_bytes_ = 0;
  const size_t input_count = engine::InputCount();
  const size_t output_count = engine::OutputCount();
  if (input_count > kMaxTensors || output_count > kMaxTensors) return Adoption::kTooManyTensors;
  switch (feedback_.Adopt(states)) {
    case Feedback::Fit::kMismatch:
      return Adoption::kStatesMismatch;
    case Feedback::Fit::kTooLarge:
      return Adoption::kStatesTooLarge;
    case Feedback::Fit::kOk:
      break;
  }
  bool complete = true;
  for (size_t i = 0; i < input_count; ++i) {
    if (!feedback_.IsInput(i)) complete = AddInput(i) && complete;
  }
  for (size_t i = 0; i < output_count; ++i) {
    if (!feedback_.IsOutput(i)) complete = AddOutput(i) && complete;
  }
  for (const Feedback::State& state : feedback_.states()) {
    complete = AddOutput(state.pair.output) && complete;
  }
  if (!complete) return Adoption::kTooManyTensors;
  overhead_ = MeasuringOverhead();
  loaded_ = true;
  return Adoption::kOk;
}

bool Inference::AddInput(size_t index) {
  Streamed& added = inputs_[input_count_++];
  added.index = static_cast<uint8_t>(index);
  if (engine::Input(index, &added.tensor) != engine::Status::kOk) return false;
  input_bytes_ += added.tensor.bytes.size();
  return true;
}

bool Inference::AddOutput(size_t index) {
  Streamed& added = outputs_[output_count_++];
  added.index = static_cast<uint8_t>(index);
  if (engine::Output(index, &added.tensor) != engine::Status::kOk) return false;
  output_bytes_ += added.tensor.bytes.size();
  return true;
}

void Inference::Forget() {
  loaded_ = false;
  feedback_.Forget();
}

void Inference::WriteInput(size_t offset, Span<const uint8_t> data) {
  for (const Streamed& streamed : inputs()) {
    const engine::Tensor& tensor = streamed.tensor;
    if (data.empty()) return;
    if (offset >= tensor.bytes.size()) {
      offset -= tensor.bytes.size();
      continue;
    }
    const size_t count = std::min(data.size(), tensor.bytes.size() - offset);
    std::memcpy(tensor.bytes.data() + offset, data.data(), count);
    data = data.subspan(count);
    offset = 0;
  }
}

void Inference::ReadOutput(size_t offset, size_t count, link::FrameEncoder* out) const {
  for (const Streamed& streamed : outputs()) {
    const engine::Tensor& tensor = streamed.tensor;
    if (count == 0) return;
    if (offset >= tensor.bytes.size()) {
      offset -= tensor.bytes.size();
      continue;
    }
    const size_t taken = std::min(count, tensor.bytes.size() - offset);
    out->Add(tensor.bytes.subspan(offset, taken));
    count -= taken;
    offset = 0;
  }
}

engine::Status Inference::ResetState() {
  feedback_.Reset();
  return engine::ResetState();
}

engine::Status Inference::Invoke(uint32_t* cycles, engine::Failure* failure) {
  feedback_.Restore();
  const uint64_t start = board::Cycles();
  const engine::Status status = engine::Invoke(failure);
  const uint64_t spent = board::Cycles() - start;
  if (armed_ != link::SelfTest::kNone) {
    silence_ = armed_ == link::SelfTest::kSilent;
    FailAsArmed(armed_);
    armed_ = link::SelfTest::kNone;
  }
  if (status == engine::Status::kOk) feedback_.Keep();
  *cycles = Saturated(spent > overhead_ ? spent - overhead_ : 0);
  totals_.cycles += spent;
  ++totals_.invocations;
  return status;
}

bool Inference::TakeSilence() {
  const bool silence = silence_;
  silence_ = false;
  return silence;
}

}  // namespace hil::app
