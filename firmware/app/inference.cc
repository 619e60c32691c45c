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

bool Inference::Adopt() {
  Forget();
  input_count_ = engine::InputCount();
  output_count_ = engine::OutputCount();
  if (input_count_ > kMaxTensors || output_count_ > kMaxTensors) return false;
  input_bytes_ = output_bytes_ = 0;
  for (size_t i = 0; i < input_count_; ++i) {
    if (engine::Input(i, &inputs_[i]) != engine::Status::kOk) return false;
    input_bytes_ += inputs_[i].bytes.size();
  }
  for (size_t i = 0; i < output_count_; ++i) {
    if (engine::Output(i, &outputs_[i]) != engine::Status::kOk) return false;
    output_bytes_ += outputs_[i].bytes.size();
  }
  overhead_ = MeasuringOverhead();
  loaded_ = true;
  return true;
}

void Inference::Forget() { loaded_ = false; }

void Inference::WriteInput(size_t offset, Span<const uint8_t> data) {
  for (const engine::Tensor& tensor : inputs()) {
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
  for (const engine::Tensor& tensor : outputs()) {
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

engine::Status Inference::Invoke(uint32_t* cycles, engine::Failure* failure) {
  const uint64_t start = board::Cycles();
  const engine::Status status = engine::Invoke(failure);
  const uint64_t spent = board::Cycles() - start;
  if (armed_ != link::SelfTest::kNone) {
    silence_ = armed_ == link::SelfTest::kSilent;
    FailAsArmed(armed_);
    armed_ = link::SelfTest::kNone;
  }
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
