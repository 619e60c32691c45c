#include "app/model_slot.h"

#include <algorithm>
#include <cstring>

#include "link/crc32.h"

namespace hil::app {
namespace {

constexpr uint32_t kMagic = 0x4D4C4948;  // "HILM"
constexpr uint16_t kVersion = 1;
constexpr size_t kHeaderBytes = 64;
constexpr size_t kAlignment = 32;

// Header, little-endian (as is the core): offsets in bytes.
constexpr size_t kVersionAt = 4;
constexpr size_t kHeaderSizeAt = 6;
constexpr size_t kModelLengthAt = 8;
constexpr size_t kModelCrcAt = 12;
constexpr size_t kHashAt = 16;
constexpr size_t kNameAt = 32;
constexpr size_t kAuxLengthAt = 56;
constexpr size_t kHeaderCrcAt = 60;

template <typename T>
T Read(Span<const uint8_t> bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

constexpr size_t AlignUp(size_t value, size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

bool IsHeader(Span<const uint8_t> header) {
  return Read<uint32_t>(header, 0) == kMagic && Read<uint16_t>(header, kVersionAt) == kVersion &&
         Read<uint16_t>(header, kHeaderSizeAt) == kHeaderBytes &&
         Read<uint32_t>(header, kHeaderCrcAt) == link::Crc32Of(header.subspan(0, kHeaderCrcAt));
}

}  // namespace

SlotStatus FindModel(Span<const uint8_t> slot, Span<const uint8_t> hash, SlotEntry* entry) {
  SlotStatus status = SlotStatus::kNotFound;
  size_t at = 0;
  // The list ends at erased flash, or at anything else that is not a header.
  while (slot.size() - at >= kHeaderBytes && IsHeader(slot.subspan(at, kHeaderBytes))) {
    const Span<const uint8_t> header = slot.subspan(at, kHeaderBytes);
    const size_t model_length = Read<uint32_t>(header, kModelLengthAt);
    const size_t aux_length = Read<uint32_t>(header, kAuxLengthAt);
    const size_t room = slot.size() - at - kHeaderBytes;
    if (model_length > room) break;
    // Behind the slot's last model there may be no padding.
    const size_t aux_at = std::min(AlignUp(model_length, 4), room);
    if (aux_length > room - aux_at) break;
    if (hash.size() == kHashBytes &&
        std::memcmp(header.data() + kHashAt, hash.data(), kHashBytes) == 0) {
      entry->model = slot.subspan(at + kHeaderBytes, model_length);
      entry->aux = slot.subspan(at + kHeaderBytes + aux_at, aux_length);
      std::memcpy(entry->name, header.data() + kNameAt, kNameBytes);
      entry->name[kNameBytes] = '\0';
      status = link::Crc32Of(entry->model) == Read<uint32_t>(header, kModelCrcAt)
                   ? SlotStatus::kOk
                   : SlotStatus::kDamaged;
    }
    at = AlignUp(at + kHeaderBytes + AlignUp(model_length, 4) + aux_length, kAlignment);
    if (at > slot.size()) break;
  }
  return status;
}

}  // namespace hil::app
