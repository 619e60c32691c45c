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

  Text& operator<<(const char* words) {
    while (*words != '\0') Put(*words++);
    return *this;
  }

  Text& operator<<(int64_t number) {
    if (number < 0) Put('-');
    uint64_t rest = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    char digits[20];
    size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    while (count != 0) Put(digits[--count]);
    return *this;
  }
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
