// How large a model's ends may be, beside its arena and the slot. The host reads these lines
// (harness/tflm_hil/models/tflite/model_bounds.py) and refuses before flashing what would be refused
// here: one constant a line.
#pragma once

#include <cstddef>

namespace hil::app {

inline constexpr size_t kMaxTensors = 16;       // inputs, and as many outputs
inline constexpr size_t kMaxStates = 15;        // of the inputs, one is fed from outside
inline constexpr size_t kMaxStateBytes = 4096;  // all states that are fed back, together
inline constexpr size_t kStateAlignment = 4;    // of each of them, in bytes
inline constexpr size_t kMaxTensorName = 63;    // bytes of a name that the host is told

}  // namespace hil::app
