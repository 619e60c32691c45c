// The loaded model as a function of bytes: all input tensors as one block, all output tensors as
// one block, and the cycles of every Invoke. Inputs that are fed back from an output are written
// here and are not part of the block; the outputs that feed them come last, in the states' order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "app/feedback.h"
#include "app/model_bounds.h"
#include "common/span.h"
#include "engine/engine.h"
#include "link/frame_encoder.h"
#include "link/protocol.h"

namespace hil::app {

class Inference {
 public:
  struct Totals {
    uint64_t cycles = 0;
    uint32_t invocations = 0;
  };

  struct Streamed {
    engine::Tensor tensor;
    uint8_t index = 0;  // the interpreter's number
  };

  enum class Adoption : uint8_t {
    kOk,
    kTooManyTensors,  // more than kMaxTensors
    kStatesMismatch,
    kStatesTooLarge,  // more than kMaxStateBytes
  };

  // Takes over what engine::Load() made; `states` are fed back from Invoke to Invoke.
  Adoption Adopt(const StateList& states);
  // Before engine::Load() of another one.
  void Forget();
  bool loaded() const { return loaded_; }

  Span<const Streamed> inputs() const { return {inputs_.data(), input_count_}; }
  Span<const Streamed> outputs() const { return {outputs_.data(), output_count_}; }
  const Feedback& feedback() const { return feedback_; }
  size_t input_bytes() const { return input_bytes_; }
  size_t output_bytes() const { return output_bytes_; }

  // The caller has checked that offset + data.size() <= input_bytes().
  void WriteInput(size_t offset, Span<const uint8_t> data);
  // The caller has checked that offset + count <= output_bytes().
  void ReadOutput(size_t offset, size_t count, link::FrameEncoder* out) const;

  // The engine's states and those that are fed back, as they were right after Adopt().
  engine::Status ResetState();
  // *cycles: of the engine alone, saturated to 32 bits. A failed Invoke leaves the fed back states
  // as they were.
  engine::Status Invoke(uint32_t* cycles, engine::Failure* failure);

  void Arm(link::SelfTest kind) { armed_ = kind; }
  // True once after a kSilent was armed and an inference ran.
  bool TakeSilence();
  const Totals& totals() const { return totals_; }

 private:
  bool AddInput(size_t index);
  bool AddOutput(size_t index);

  std::array<Streamed, kMaxTensors> inputs_;
  std::array<Streamed, kMaxTensors> outputs_;
  Feedback feedback_;
  size_t input_count_ = 0;
  size_t output_count_ = 0;
  size_t input_bytes_ = 0;
  size_t output_bytes_ = 0;
  bool loaded_ = false;
  uint32_t overhead_ = 0;  // of measuring
  link::SelfTest armed_ = link::SelfTest::kNone;
  bool silence_ = false;
  Totals totals_;
};

}  // namespace hil::app
