// Builds a frame on its way out: header, payload in any number of pieces, CRC-32, all in COBS,
// closed by a zero. Nothing is copied twice: the pieces go straight into the caller's buffer in
// the form in which they travel.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/span.h"
#include "link/crc32.h"

namespace hil::link {

class FrameEncoder {
 public:
  // `out` takes the encoded frame and must outlive the encoder.
  explicit FrameEncoder(Span<uint8_t> out) : out_(out) {}

  // Starts a frame, also over again.
  void Begin(uint8_t type, uint8_t flags, uint16_t seq);

  void Add(Span<const uint8_t> bytes);
  void AddU8(uint8_t value) { Add({&value, 1}); }
  void AddU16(uint16_t value) { AddLittleEndian(value, 2); }
  void AddU32(uint32_t value) { AddLittleEndian(value, 4); }
  void AddU64(uint64_t value) { AddLittleEndian(value, 8); }
  void AddI16(int16_t value) { AddU16(static_cast<uint16_t>(value)); }
  void AddI32(int32_t value) { AddU32(static_cast<uint32_t>(value)); }
  void AddF32(float value);
  // Length byte and text, cut to `max_bytes` (at most 255).
  void AddText(const char* text, size_t max_bytes = 255);

  size_t payload_bytes() const { return payload_bytes_; }
  // Bytes on the line; 0 if they did not fit into `out` or the payload exceeds kMaxPayload.
  size_t Finish();

 private:
  void AddLittleEndian(uint64_t value, int bytes);
  void Stuff(uint8_t byte);
  void Put(uint8_t byte);

  Span<uint8_t> out_;
  size_t size_ = 0;
  size_t code_at_ = 0;  // where the running block's length belongs
  uint8_t code_ = 0;    // the running block's length + 1; 0 = no block has been opened
  size_t payload_bytes_ = 0;
  bool overflow_ = false;
  Crc32 crc_;
};

}  // namespace hil::link
