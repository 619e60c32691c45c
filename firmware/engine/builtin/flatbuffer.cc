#include "engine/builtin/flatbuffer.h"

namespace hil::engine::builtin {

Table::Table(const Reader* reader, size_t position) : reader_(reader), position_(position) {
  if (position_ == 0) return;
  const int64_t vtable = static_cast<int64_t>(position_) - reader_->Scalar<int32_t>(position_);
  if (vtable < 0 || !reader_->Holds(static_cast<size_t>(vtable), 2 * sizeof(uint16_t))) {
    reader_->MarkCorrupt();
    position_ = 0;
    return;
  }
  vtable_ = static_cast<size_t>(vtable);
  vtable_bytes_ = reader_->Scalar<uint16_t>(vtable_);
  const size_t table_bytes = reader_->Scalar<uint16_t>(vtable_ + sizeof(uint16_t));
  if (!reader_->Holds(vtable_, vtable_bytes_) || !reader_->Holds(position_, table_bytes)) {
    position_ = 0;
  }
}

const char* Table::GetString(unsigned field) const {
  size_t position = 0;
  const uint32_t length = LocateVector(field, 1, &position);
  if (length == 0) return "";
  const uint8_t* text = reader_->Elements(position, size_t{length} + 1, 1);
  if (text == nullptr || text[length] != 0) {
    reader_->MarkCorrupt();
    return "";
  }
  return reinterpret_cast<const char*>(text);
}

size_t Table::FieldPosition(unsigned field) const {
  const size_t slot = 4 + 2 * size_t{field};
  if (position_ == 0 || slot + 2 > vtable_bytes_) return 0;
  const uint16_t offset = reader_->Scalar<uint16_t>(vtable_ + slot);
  return offset == 0 ? 0 : position_ + offset;
}

uint32_t Table::LocateVector(unsigned field, size_t element_bytes, size_t* position) const {
  const size_t at = FieldPosition(field);
  if (at == 0) return 0;
  const size_t start = reader_->Follow(at);
  if (start == 0) return 0;
  const uint32_t count = reader_->Scalar<uint32_t>(start);
  *position = start + sizeof(uint32_t);
  return reader_->Elements(*position, count, element_bytes) == nullptr ? 0 : count;
}

}  // namespace hil::engine::builtin
