#include "link/frame_encoder.h"

#include <cstring>

#include "link/protocol.h"

namespace hil::link {
namespace {

constexpr uint8_t kFullBlock = 0xFF;  // 254 bytes without a zero behind them

}  // namespace

void FrameEncoder::Begin(uint8_t type, uint8_t flags, uint16_t seq) {
  size_ = 0;
  code_ = 0;
  overflow_ = false;
  crc_ = Crc32();
  const uint8_t header[kHeaderBytes] = {type, flags, static_cast<uint8_t>(seq),
                                        static_cast<uint8_t>(seq >> 8)};
  Add({header, kHeaderBytes});
  payload_bytes_ = 0;
}

void FrameEncoder::Add(Span<const uint8_t> bytes) {
  payload_bytes_ += bytes.size();
  crc_.Add(bytes);
  for (const uint8_t byte : bytes) Stuff(byte);
}

void FrameEncoder::AddF32(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  AddU32(bits);
}

void FrameEncoder::AddText(const char* text, size_t max_bytes) {
  size_t length = 0;
  while (length < max_bytes && text[length] != '\0') ++length;
  // A cut must not leave half of a UTF-8 character behind.
  if (text[length] != '\0') {
    while (length > 0 && (static_cast<uint8_t>(text[length]) & 0xC0U) == 0x80U) --length;
  }
  AddU8(static_cast<uint8_t>(length));
  Add({reinterpret_cast<const uint8_t*>(text), length});
}

size_t FrameEncoder::Finish() {
  const size_t payload_bytes = payload_bytes_;
  AddU32(crc_.value());
  payload_bytes_ = payload_bytes;
  if (code_ != 0 && !overflow_) out_[code_at_] = code_;
  Put(0);
  return overflow_ || payload_bytes > kMaxPayload ? 0 : size_;
}

void FrameEncoder::AddLittleEndian(uint64_t value, int bytes) {
  uint8_t raw[8];
  for (int i = 0; i < bytes; ++i) raw[i] = static_cast<uint8_t>(value >> (8 * i));
  Add({raw, static_cast<size_t>(bytes)});
}

void FrameEncoder::Stuff(uint8_t byte) {
  if (code_ == 0) {
    code_at_ = size_;
    Put(0);
    code_ = 1;
  }
  if (overflow_) return;
  if (byte != 0) {
    Put(byte);
    if (++code_ != kFullBlock) return;
  }
  out_[code_at_] = code_;
  if (code_ == kFullBlock && byte != 0) {
    code_ = 0;  // the next block opens only if there is more
    return;
  }
  code_at_ = size_;
  Put(0);
  code_ = 1;
}

void FrameEncoder::Put(uint8_t byte) {
  if (size_ == out_.size()) {
    overflow_ = true;
    return;
  }
  out_[size_++] = byte;
}

}  // namespace hil::link
