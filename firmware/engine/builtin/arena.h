// The caller's arena, given out from its start and never returned until the next Load.
//
// Running out is not the end: the arena goes on counting (and returns nullptr), so that Load can
// say how many bytes would have done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "common/span.h"

namespace hil::engine::builtin {

inline constexpr size_t kArenaAlignment = 16;

constexpr size_t AlignUp(size_t value, size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

class Arena {
 public:
  Arena() = default;
  explicit Arena(Span<uint8_t> bytes) : bytes_(bytes) {}

  size_t used() const { return used_; }
  size_t capacity() const { return bytes_.size(); }
  bool overflowed() const { return overflowed_; }
  uint8_t* base() const { return bytes_.data(); }

  uint8_t* Bytes(size_t size, size_t alignment) {
    const size_t start = AlignUp(used_, alignment);
    const bool fits = !overflowed_ && start <= bytes_.size() && size <= bytes_.size() - start;
    // Counting saturates: a nonsensical request must not wrap around into a small total.
    used_ = size > kMost - start ? kMost : start + size;
    if (fits) return bytes_.data() + start;
    overflowed_ = true;
    return nullptr;
  }

  // `count` value-initialised objects, or nullptr.
  template <typename T>
  T* Make(size_t count = 1) {
    const size_t size = count > kMost / sizeof(T) ? kMost : count * sizeof(T);
    uint8_t* bytes = Bytes(size, alignof(T));
    if (bytes == nullptr) return nullptr;
    T* objects = reinterpret_cast<T*>(bytes);
    for (size_t i = 0; i < count; ++i) new (static_cast<void*>(objects + i)) T();
    return objects;
  }

 private:
  static constexpr size_t kMost = 0x7FFFFFF0;
  Span<uint8_t> bytes_;
  size_t used_ = 0;
  bool overflowed_ = false;
};

}  // namespace hil::engine::builtin
