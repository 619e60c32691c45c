// CRC-32 as zlib and Ethernet have it: polynomial 0x04C11DB7 reflected, start and end inverted.
#pragma once

#include <cstdint>

#include "common/span.h"

namespace hil::link {

class Crc32 {
 public:
  void Add(uint8_t byte);
  void Add(Span<const uint8_t> bytes);
  uint32_t value() const { return ~state_; }

 private:
  uint32_t state_ = 0xFFFFFFFFU;
};

inline uint32_t Crc32Of(Span<const uint8_t> bytes) {
  Crc32 crc;
  crc.Add(bytes);
  return crc.value();
}

}  // namespace hil::link
