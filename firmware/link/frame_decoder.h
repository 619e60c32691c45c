// Finds frames in received bytes: undoes COBS into the caller's buffer and checks the CRC-32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/span.h"
#include "link/protocol.h"

namespace hil::link {

struct Frame {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint16_t seq = 0;
  Span<const uint8_t> payload;  // within the decoder's buffer, 4-byte aligned if that is
};

class FrameDecoder {
 public:
  enum class Status : uint8_t {
    kMore,     // no frame has ended yet; all bytes were used
    kFrame,    // frame() is valid until the next Feed()
    kDamaged,  // a frame ended whose COBS code, length or CRC-32 was wrong
  };

  // `buffer` holds one decoded frame: kMaxFrame bytes, or frames end up damaged as too long.
  explicit FrameDecoder(Span<uint8_t> buffer) : buffer_(buffer) {}

  // Takes bytes up to the end of the next frame; *used says how many.
  Status Feed(Span<const uint8_t> bytes, size_t* used);
  const Frame& frame() const { return frame_; }

 private:
  void Unstuff(uint8_t byte);
  void Put(uint8_t byte);
  Status End();
  void Restart();

  Span<uint8_t> buffer_;
  size_t size_ = 0;
  uint8_t left_ = 0;          // bytes until the next code byte
  bool zero_is_due_ = false;  // the block ends with a zero unless the frame does
  bool empty_ = true;         // nothing between two zeros is not a frame
  bool too_long_ = false;
  Frame frame_;
};

}  // namespace hil::link
