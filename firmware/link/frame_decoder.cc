#include "link/frame_decoder.h"

#include "link/crc32.h"

namespace hil::link {

FrameDecoder::Status FrameDecoder::Feed(Span<const uint8_t> bytes, size_t* used) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != 0) {
      Unstuff(bytes[i]);
    } else if (!empty_) {
      *used = i + 1;
      return End();
    }
  }
  *used = bytes.size();
  return Status::kMore;
}

void FrameDecoder::Unstuff(uint8_t byte) {
  empty_ = false;
  if (left_ > 0) {
    Put(byte);
    --left_;
    return;
  }
  if (zero_is_due_) Put(0);
  left_ = static_cast<uint8_t>(byte - 1);
  zero_is_due_ = byte != 0xFF;
}

void FrameDecoder::Put(uint8_t byte) {
  if (size_ == buffer_.size()) {
    too_long_ = true;
    return;
  }
  buffer_[size_++] = byte;
}

FrameDecoder::Status FrameDecoder::End() {
  const size_t size = size_;
  const bool whole = left_ == 0 && !too_long_ && size >= kHeaderBytes + kCrcBytes;
  Restart();
  if (!whole) return Status::kDamaged;
  const size_t covered = size - kCrcBytes;
  uint32_t crc = 0;
  for (size_t i = 0; i < kCrcBytes; ++i) {
    crc |= static_cast<uint32_t>(buffer_[covered + i]) << (8 * i);
  }
  if (Crc32Of({buffer_.data(), covered}) != crc) return Status::kDamaged;
  frame_.type = buffer_[0];
  frame_.flags = buffer_[1];
  frame_.seq = static_cast<uint16_t>(buffer_[2] | buffer_[3] << 8);
  frame_.payload = {buffer_.data() + kHeaderBytes, covered - kHeaderBytes};
  return Status::kFrame;
}

void FrameDecoder::Restart() {
  size_ = 0;
  left_ = 0;
  zero_is_due_ = false;
  empty_ = true;
  too_long_ = false;
}

}  // namespace hil::link
