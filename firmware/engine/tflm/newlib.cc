// What TFLM refers to in the C library, without the kilobyte of state that newlib's own versions
// bring along (struct _reent, for buffers, locales and random numbers).
#include <cstdlib>

#ifdef __NEWLIB__
namespace {

// Decimal digits with a sign: FlexBuffers reads numbers that the options of a custom operator
// carry as text.
long long Parsed(const char* text) {
  const bool negative = *text == '-';
  if (negative || *text == '+') ++text;
  unsigned long long value = 0;
  for (; *text >= '0' && *text <= '9'; ++text) {
    value = value * 10 + static_cast<unsigned long long>(*text - '0');
  }
  return static_cast<long long>(negative ? 0 - value : value);
}

}  // namespace

extern "C" {

long long strtoll(const char* text, char**, int) { return Parsed(text); }

unsigned long long strtoull(const char* text, char**, int) {
  return static_cast<unsigned long long>(Parsed(text));
}

}  // extern "C"
#endif
