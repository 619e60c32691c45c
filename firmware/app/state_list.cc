#include "app/state_list.h"

#include <cstring>

#include "link/crc32.h"
#include "link/payload_reader.h"

namespace hil::app {
namespace {

constexpr uint16_t kVersion = 1;
constexpr size_t kCrcBytes = 4;
constexpr uint16_t kStates = 1;
constexpr uint16_t kMayBeSkipped = 0x8000;
constexpr size_t kStateBytes = 20;

float AsFloat(uint32_t bits) {
  float value = 0.0F;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace

bool StateList::Parse(Span<const uint8_t> aux) {
  size_ = 0;
  if (aux.empty()) return true;
  link::PayloadReader in(aux);
  const uint32_t crc = in.U32();
  if (aux.size() < kCrcBytes || link::Crc32Of(aux.subspan(kCrcBytes)) != crc) return false;
  const uint16_t version = in.U16();
  const uint16_t records = in.U16();
  if (version == kVersion && ParseRecords(in.Rest(), records)) return true;
  size_ = 0;
  return false;
}

bool StateList::ParseRecords(Span<const uint8_t> records, size_t count) {
  link::PayloadReader in(records);
  for (size_t i = 0; i < count; ++i) {
    const uint16_t kind = in.U16();
    const Span<const uint8_t> value = in.Bytes(in.U16());
    if (kind == kStates) {
      if (!ParseStates(value)) return false;
    } else if ((kind & kMayBeSkipped) == 0) {
      return false;
    }
  }
  return in.Complete();
}

bool StateList::ParseStates(Span<const uint8_t> value) {
  link::PayloadReader in(value);
  for (size_t left = value.size() / kStateBytes; left > 0; --left) {
    if (size_ == kMaxStates) return false;
    StatePair& pair = pairs_[size_++];
    pair.input = in.U8();
    pair.output = in.U8();
    in.U16();  // padding
    pair.input_scale = AsFloat(in.U32());
    pair.input_zero_point = static_cast<int32_t>(in.U32());
    pair.output_scale = AsFloat(in.U32());
    pair.output_zero_point = static_cast<int32_t>(in.U32());
  }
  return in.Complete();
}

}  // namespace hil::app
