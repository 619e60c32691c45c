#include "engine/builtin/text.h"

namespace hil::engine::builtin {

Text& Text::operator<<(const char* words) {
  while (*words != '\0') Put(*words++);
  return *this;
}

Text& Text::operator<<(int64_t number) {
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

}  // namespace hil::engine::builtin
