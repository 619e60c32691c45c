#include "engine/tflm/messages.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "tensorflow/lite/micro/debug_log.h"

namespace hil::engine::messages {
namespace {

#ifdef TF_LITE_STRIP_ERROR_STRINGS
constexpr char kSilence[] = "no reason (BUILD_TYPE=release has no texts)";
#else
constexpr char kSilence[] = "no reason given";
#endif

__attribute__((section(".sram"))) char g_first[120];

class Writer {
 public:
  Writer(char* text, size_t size) : text_(text), size_(size) {}

  void Put(char c) {
    if (length_ + 1 < size_) text_[length_++] = c;
  }
  void Put(const char* s) {
    for (s = s != nullptr ? s : "(null)"; *s != '\0'; ++s) Put(*s);
  }
  void PutNumber(uint32_t value, uint32_t base, int width, char pad) {
    char digits[12];
    int count = 0;
    do {
      digits[count++] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    for (int i = count; i < width; ++i) Put(pad);
    while (count > 0) Put(digits[--count]);
  }
  int End() {
    if (size_ > 0) text_[length_] = '\0';
    return static_cast<int>(length_);
  }

 private:
  char* text_;
  size_t size_;
  size_t length_ = 0;
};

bool IsModifier(char c) { return c == 'l' || c == 'z' || c == 'h' || c == 't' || c == 'j'; }

// Line ends within become spaces.
void Keep(const char* line) {
  if (g_first[0] != '\0') return;
  Writer first(g_first, sizeof g_first);
  for (; *line != '\0'; ++line) {
    if (*line != '\n') {
      first.Put(*line);
    } else if (line[1] != '\0') {
      first.Put(' ');
    }
  }
  first.End();
}

}  // namespace

void Forget() { g_first[0] = '\0'; }

const char* First() { return g_first[0] != '\0' ? g_first : kSilence; }

int FormatV(char* text, size_t size, const char* format, va_list arguments) {
  Writer out(text, size);
  for (; *format != '\0'; ++format) {
    if (*format != '%') {
      out.Put(*format);
      continue;
    }
    ++format;
    const char pad = *format == '0' ? '0' : ' ';
    int width = 0;
    for (; *format >= '0' && *format <= '9'; ++format) width = width * 10 + (*format - '0');
    bool wide = false;  // 64 bits where long has them
    for (; IsModifier(*format); ++format) wide = sizeof(long) > 4 && *format != 'h';
    switch (*format) {
      case 'd':
      case 'i': {
        const long value = wide ? va_arg(arguments, long) : va_arg(arguments, int);
        if (value < 0) out.Put('-');
        out.PutNumber(static_cast<uint32_t>(value < 0 ? -value : value), 10, width, pad);
        break;
      }
      case 'u':
      case 'x':
      case 'X': {
        const unsigned long value =
            wide ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned int);
        out.PutNumber(static_cast<uint32_t>(value), *format == 'u' ? 10 : 16, width, pad);
        break;
      }
      case 'p':
        out.PutNumber(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(va_arg(arguments, void*))),
                      16, 8, '0');
        break;
      case 'c':
        out.Put(static_cast<char>(va_arg(arguments, int)));
        break;
      case 's':
        out.Put(va_arg(arguments, const char*));
        break;
      case 'f':
      case 'g':
        va_arg(arguments, double);  // decimals would need the formatted-output library
        out.Put("(number)");
        break;
      case '%':
        out.Put('%');
        break;
      default:
        return out.End();
    }
  }
  return out.End();
}

int Format(char* text, size_t size, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = FormatV(text, size, format, arguments);
  va_end(arguments);
  return length;
}

}  // namespace hil::engine::messages

// TFLM's hooks for the target's output.
extern "C" void DebugLog(const char* format, va_list arguments) {
  // The last word of TFLITE_ABORT, which then loops for ever: better a fault that is explained.
  if (std::strcmp(format, "HALTED") == 0) std::abort();
  char line[160];
  hil::engine::messages::FormatV(line, sizeof line, format, arguments);
  hil::engine::messages::Keep(line);
}

extern "C" int DebugVsnprintf(char* text, size_t size, const char* format, va_list arguments) {
  return hil::engine::messages::FormatV(text, size, format, arguments);
}
