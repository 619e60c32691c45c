// Takes little-endian fields from a payload. Reading past its end gives zeros and is remembered,
// so that a request is checked once, after its fields were taken.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/span.h"

namespace hil::link {

class PayloadReader {
 public:
  explicit PayloadReader(Span<const uint8_t> payload) : rest_(payload) {}

  uint8_t U8() { return static_cast<uint8_t>(LittleEndian(1)); }
  uint16_t U16() { return static_cast<uint16_t>(LittleEndian(2)); }
  uint32_t U32() { return LittleEndian(4); }
  // Exactly `count` bytes; empty if there are fewer.
  Span<const uint8_t> Bytes(size_t count) {
    if (rest_.size() < count) {
      short_ = true;
      rest_ = {};
      return {};
    }
    const Span<const uint8_t> taken = rest_.subspan(0, count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  Span<const uint8_t> Rest() { return Bytes(rest_.size()); }

  // True if every field was there and nothing is left over.
  bool Complete() const { return !short_ && rest_.empty(); }

 private:
  uint32_t LittleEndian(size_t bytes) {
    uint32_t value = 0;
    const Span<const uint8_t> raw = Bytes(bytes);
    for (size_t i = 0; i < raw.size(); ++i) value |= static_cast<uint32_t>(raw[i]) << (8 * i);
    return value;
  }

  Span<const uint8_t> rest_;
  bool short_ = false;
};

}  // namespace hil::link
