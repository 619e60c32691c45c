// A reader of FlatBuffers that trusts nothing.
//
// Every access is checked against the buffer. The first access outside of it makes the reader
// "corrupt" for good; from then on (and for the failing access itself) all values read are zero and
// all vectors are empty. So code that walks a model needs no error handling at each step: it reads,
// and asks `corrupt()` before it acts on what it read. Format: flatbuffers.dev/internals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "common/span.h"

namespace hil::engine::builtin {

class Reader {
 public:
  Reader() = default;
  explicit Reader(Span<const uint8_t> bytes) : bytes_(bytes) {}

  bool corrupt() const { return corrupt_; }
  void MarkCorrupt() const { corrupt_ = true; }
  size_t size() const { return bytes_.size(); }

  // The little-endian scalar at `position`.
  template <typename T>
  T Scalar(size_t position) const {
    static_assert(std::is_arithmetic_v<T>);
    T value{};
    if (!Holds(position, sizeof(T))) return value;
    std::memcpy(&value, bytes_.data() + position, sizeof(T));
    return value;
  }

  // Where the unsigned offset stored at `position` points to; 0 (never a valid target) on error.
  size_t Follow(size_t position) const {
    const uint32_t offset = Scalar<uint32_t>(position);
    if (offset == 0) corrupt_ = true;
    const size_t target = position + offset;
    return Holds(target, sizeof(uint32_t)) ? target : 0;
  }

  // A pointer to `count` elements of `size` bytes, or nullptr.
  const uint8_t* Elements(size_t position, size_t count, size_t size) const {
    // The first comparison keeps the product from wrapping around.
    if (!Holds(position, count) || !Holds(position, count * size)) return nullptr;
    return bytes_.data() + position;
  }

  bool Holds(size_t position, size_t length) const {
    if (!corrupt_ && position <= bytes_.size() && length <= bytes_.size() - position) return true;
    corrupt_ = true;
    return false;
  }

 private:
  Span<const uint8_t> bytes_;
  mutable bool corrupt_ = false;
};

// A vector of scalars inside the buffer: empty if absent.
template <typename T>
struct ScalarVector {
  const Reader* reader = nullptr;
  size_t position = 0;  // of the first element
  uint32_t count = 0;

  T operator[](size_t i) const {
    return i < count ? reader->template Scalar<T>(position + i * sizeof(T)) : T{};
  }
  // The elements in place. nullptr if there are none; a misaligned vector makes the reader corrupt.
  const T* data() const {
    if (count == 0) return nullptr;
    const uint8_t* bytes = reader->Elements(position, count, sizeof(T));
    if (bytes != nullptr && reinterpret_cast<uintptr_t>(bytes) % alignof(T) != 0) {
      reader->MarkCorrupt();
      return nullptr;
    }
    return reinterpret_cast<const T*>(bytes);
  }
};

class Table;

// A vector of offsets to tables: empty if absent.
struct TableVector {
  const Reader* reader = nullptr;
  size_t position = 0;
  uint32_t count = 0;

  Table operator[](size_t i) const;
};

// A table, or the absent table (all of whose fields have their defaults).
class Table {
 public:
  Table() = default;
  Table(const Reader* reader, size_t position);

  bool present() const { return position_ != 0; }
  size_t position() const { return position_; }
  const Reader* reader() const { return reader_; }

  template <typename T>
  T Get(unsigned field, T fallback) const {
    const size_t at = FieldPosition(field);
    return at == 0 ? fallback : reader_->Scalar<T>(at);
  }

  Table GetTable(unsigned field) const {
    const size_t at = FieldPosition(field);
    return at == 0 ? Table() : Table(reader_, reader_->Follow(at));
  }

  template <typename T>
  ScalarVector<T> GetScalars(unsigned field) const {
    ScalarVector<T> vector;
    vector.reader = reader_;
    vector.count = LocateVector(field, sizeof(T), &vector.position);
    return vector;
  }

  TableVector GetTables(unsigned field) const {
    TableVector vector;
    vector.reader = reader_;
    vector.count = LocateVector(field, sizeof(uint32_t), &vector.position);
    return vector;
  }

  // NUL-terminated (the format demands the terminator, and it is checked); "" if absent.
  const char* GetString(unsigned field) const;

 private:
  // Where the field's value is, or 0 if the table does not have it.
  size_t FieldPosition(unsigned field) const;
  // The number of elements of a vector field, and where they start.
  uint32_t LocateVector(unsigned field, size_t element_bytes, size_t* position) const;

  const Reader* reader_ = nullptr;
  size_t position_ = 0;
  size_t vtable_ = 0;
  size_t vtable_bytes_ = 0;
};

inline Table TableVector::operator[](size_t i) const {
  if (i >= count) return Table();
  return Table(reader, reader->Follow(position + i * sizeof(uint32_t)));
}

}  // namespace hil::engine::builtin
