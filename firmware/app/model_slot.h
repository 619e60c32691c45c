// The model slot: models in flash, one behind the other, written by the probe and only read here.
// See the layout in harness/tflm_hil/models/slot/slot.py, which writes it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/span.h"

namespace hil::app {

inline constexpr size_t kHashBytes = 16;
inline constexpr size_t kNameBytes = 24;

struct SlotEntry {
  Span<const uint8_t> model;  // the .tflite, 32-byte aligned
  Span<const uint8_t> aux;    // what else is to be known of it, see state_list.h
  char name[kNameBytes + 1] = {};
};

enum class SlotStatus : uint8_t {
  kOk,
  kNotFound,  // no entry has this hash
  kDamaged,   // the entry is there, but its model's CRC-32 is not the one of its header
};

// `hash` is the first kHashBytes bytes of the model's SHA-256. Of several entries with it the last
// counts: that is how other aux data for a stored model is appended.
SlotStatus FindModel(Span<const uint8_t> slot, Span<const uint8_t> hash, SlotEntry* entry);

}  // namespace hil::app
