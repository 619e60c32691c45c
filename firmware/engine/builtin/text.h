// Builds a short sentence in a fixed buffer, without stdio. What does not fit is cut off.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hil::engine::builtin {

class Text {
 public:
  Text(char* buffer, size_t capacity) : buffer_(buffer), capacity_(capacity) {
    if (capacity_ != 0) buffer_[0] = '\0';
  }

  Text& operator<<(const char* words);
  Text& operator<<(int64_t number);
  Text& operator<<(int32_t number) { return *this << static_cast<int64_t>(number); }
  Text& operator<<(uint32_t number) { return *this << static_cast<int64_t>(number); }

 private:
  void Put(char c) {
    if (length_ + 1 >= capacity_) return;
    buffer_[length_++] = c;
    buffer_[length_] = '\0';
  }

  char* buffer_;
  size_t capacity_;
  size_t length_ = 0;
};

}  // namespace hil::engine::builtin
