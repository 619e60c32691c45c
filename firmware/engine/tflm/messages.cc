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

constexpr size_t kLine = 120;
__attribute__((section(".sram"))) char g_first[kLine];
// Those that nobody has been told yet, and those that somebody is being told.
__attribute__((section(".sram"))) char g_unsaid[kLine];
__attribute__((section(".sram"))) char g_said[kLine];

class Writer {
 public:
  Writer(char* text, size_t size) : text_(text), size_(size) {}

  void Put(char c) {
    if (length_ + 1 < size_) text_[length_++] = c;
  }
  void Put(const char* s) {
    for (s = s != nullptr ? s : "(null)"; *s != '\0'; ++s) Put(*s);
  }
  void PutNumber(uint64_t value, uint32_t base, int width, char pad) {
    char digits[20];
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

enum class Width : uint8_t { kInt, kLong, kLongLong, kSize };

// h, l, ll, j, z and t, and moves behind them.
Width ReadWidth(const char** format) {
  Width width = Width::kInt;
  for (;; ++*format) {
    switch (**format) {
      case 'h':
        break;  // promoted to int
      case 'l':
        width = width == Width::kLong ? Width::kLongLong : Width::kLong;
        break;
      case 'j':
        width = Width::kLongLong;
        break;
      case 'z':
      case 't':
        width = Width::kSize;
        break;
      default:
        return width;
    }
  }
}

// Line ends within become spaces.
// Copies a line without its line breaks, unless there is one already.
void KeepIn(char* kept, const char* line) {
  if (kept[0] != '\0') return;
  Writer first(kept, kLine);
  for (; *line != '\0'; ++line) {
    if (*line != '\n') {
      first.Put(*line);
    } else if (line[1] != '\0') {
      first.Put(' ');
    }
  }
  first.End();
}

void Keep(const char* line) {
  KeepIn(g_first, line);
  KeepIn(g_unsaid, line);
}

}  // namespace

const char* TakeUnsaid() {
  if (g_unsaid[0] == '\0') return nullptr;
  std::memcpy(g_said, g_unsaid, kLine);
  g_unsaid[0] = '\0';
  return g_said;
}

void Forget() { g_first[0] = '\0'; }

const char* First() { return g_first[0] != '\0' ? g_first : kSilence; }

int FormatV(char* text, size_t size, const char* format, va_list given) {
  // An array on some machines: a copy can be handed on by its address.
  va_list arguments;
  va_copy(arguments, given);
  const auto signed_argument = [&arguments](Width width) -> int64_t {
    if (width == Width::kLongLong) return va_arg(arguments, long long);
    if (width == Width::kLong) return va_arg(arguments, long);
    if (width == Width::kSize) return va_arg(arguments, ptrdiff_t);
    return va_arg(arguments, int);
  };
  const auto unsigned_argument = [&arguments](Width width) -> uint64_t {
    if (width == Width::kLongLong) return va_arg(arguments, unsigned long long);
    if (width == Width::kLong) return va_arg(arguments, unsigned long);
    if (width == Width::kSize) return va_arg(arguments, size_t);
    return va_arg(arguments, unsigned int);
  };

  Writer out(text, size);
  for (; *format != '\0'; ++format) {
    if (*format != '%') {
      out.Put(*format);
      continue;
    }
    ++format;
    const char pad = *format == '0' ? '0' : ' ';
    int least = 0;
    for (; *format >= '0' && *format <= '9'; ++format) least = least * 10 + (*format - '0');
    if (*format == '.') {
      do ++format;
      while (*format >= '0' && *format <= '9');
    }
    const Width width = ReadWidth(&format);
    switch (*format) {
      case 'd':
      case 'i': {
        const int64_t value = signed_argument(width);
        const auto magnitude = static_cast<uint64_t>(value);
        if (value < 0) out.Put('-');
        out.PutNumber(value < 0 ? 0 - magnitude : magnitude, 10, least, pad);
        break;
      }
      case 'u':
        out.PutNumber(unsigned_argument(width), 10, least, pad);
        break;
      case 'x':
      case 'X':
        out.PutNumber(unsigned_argument(width), 16, least, pad);
        break;
      case 'p':
        out.PutNumber(reinterpret_cast<uintptr_t>(va_arg(arguments, void*)), 16, 8, '0');
        break;
      case 'c':
        out.Put(static_cast<char>(va_arg(arguments, int)));
        break;
      case 's':
        out.Put(va_arg(arguments, const char*));
        break;
      case 'e':
      case 'f':
      case 'g':
        va_arg(arguments, double);  // decimals would need the formatted-output library
        out.Put("(number)");
        break;
      case '%':
        out.Put('%');
        break;
      default:  // what follows cannot be told from the arguments any more
        va_end(arguments);
        return out.End();
    }
  }
  va_end(arguments);
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
