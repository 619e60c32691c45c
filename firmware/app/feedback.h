// The memory of a single-step model: its state outputs go to its state inputs, Invoke by Invoke.
//
// In between the states are kept here, not in the tensors: an engine may lay an output over an
// input that it no longer needs, and what the model answered has still to be read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "app/model_bounds.h"
#include "app/state_list.h"
#include "common/span.h"
#include "engine/engine.h"

namespace hil::app {

class Feedback {
 public:
  enum class Fit : uint8_t {
    kOk,
    kMismatch,  // the states are not those of the loaded model
    kTooLarge,  // together more than kMaxStateBytes
  };

  struct State {
    StatePair pair;
    engine::Tensor input, output;
    size_t at = 0;  // where it is held
  };

  // Takes the states of the loaded model, at their zero.
  Fit Adopt(const StateList& states);
  void Forget() { size_ = held_bytes_ = 0; }

  Span<const State> states() const { return {states_.data(), size_}; }
  size_t held_bytes() const { return held_bytes_; }
  bool IsInput(size_t index) const;
  bool IsOutput(size_t index) const;

  // All states at zero.
  void Reset();
  // Before an Invoke: writes the states to their inputs.
  void Restore() const;
  // After it: takes the next states from their outputs, requantised where scales differ.
  void Keep();

 private:
  Fit AdoptOne(const StatePair& pair);

  std::array<State, kMaxStates> states_;
  size_t size_ = 0;
  size_t held_bytes_ = 0;
};

}  // namespace hil::app
