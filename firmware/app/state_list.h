// What a slot entry says besides its model: which outputs are fed back to which inputs. See the
// layout in harness/tflm_hil/models/slot/slot_aux.py, which writes it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "app/model_bounds.h"
#include "common/span.h"

namespace hil::app {

// One state of a single-step model. Scale 0: not quantised.
struct StatePair {
  uint8_t input = 0;  // the interpreter's numbers
  uint8_t output = 0;
  float input_scale = 0.0F;
  int32_t input_zero_point = 0;
  float output_scale = 0.0F;
  int32_t output_zero_point = 0;
};

class StateList {
 public:
  // False, and empty, if `aux` is damaged, of another version, has a record that must not be
  // skipped, or too many states. An empty list means no states.
  bool Parse(Span<const uint8_t> aux);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const StatePair* begin() const { return pairs_.data(); }
  const StatePair* end() const { return pairs_.data() + size_; }

 private:
  bool ParseRecords(Span<const uint8_t> records, size_t count);
  bool ParseStates(Span<const uint8_t> value);

  std::array<StatePair, kMaxStates> pairs_;
  size_t size_ = 0;
};

}  // namespace hil::app
