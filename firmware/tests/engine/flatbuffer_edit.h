// Where the fields of a model's tables are, as the FlatBuffer format has it: for tests that change
// single bytes of a fixture.
#pragma once

#include <cstdint>
#include <cstring>

#include "models.h"

namespace hil::engine::test {

inline uint32_t Word(ModelBytes& model, size_t at) {
  uint32_t word;
  std::memcpy(&word, model.data() + at, 4);
  return word;
}

// 0 if the table leaves the field out.
inline size_t Field(ModelBytes& model, size_t table, unsigned field) {
  const size_t vtable = table - static_cast<size_t>(static_cast<int32_t>(Word(model, table)));
  uint16_t vtable_bytes;
  std::memcpy(&vtable_bytes, model.data() + vtable, 2);
  if (4 + 2 * field + 2 > vtable_bytes) return 0;
  uint16_t offset;
  std::memcpy(&offset, model.data() + vtable + 4 + 2 * field, 2);
  return offset == 0 ? 0 : table + offset;
}

inline size_t Follow(ModelBytes& model, size_t at) { return at + Word(model, at); }

inline size_t Element(ModelBytes& model, size_t table, unsigned field, unsigned index) {
  return Follow(model, Follow(model, Field(model, table, field)) + 4 + 4 * index);
}

inline size_t Root(ModelBytes& model) { return Follow(model, 0); }

}  // namespace hil::engine::test
