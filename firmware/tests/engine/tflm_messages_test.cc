// What TFLM prints, as a person gets it.
#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <string>

#include "engine/tflm/messages.h"
#include "tensorflow/lite/micro/debug_log.h"

namespace hil::engine::messages {
namespace {

void Print(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  DebugLog(format, arguments);
  va_end(arguments);
}

template <typename... Arguments>
std::string Formatted(const char* format, Arguments... arguments) {
  char text[100];
  const int length = Format(text, sizeof text, format, arguments...);
  EXPECT_EQ(static_cast<size_t>(length), std::string(text).size());
  return text;
}

// As the C library has it.
template <typename... Arguments>
void ExpectAsLibrary(const char* format, Arguments... arguments) {
  char text[100];
  std::snprintf(text, sizeof text, format, arguments...);
  EXPECT_EQ(Formatted(format, arguments...), text);
}

TEST(TflmMessages, FormatsAsTheLibraryDoes) {
  ExpectAsLibrary("nothing to fill in, 100%%");
  ExpectAsLibrary("%d %i %u %x %c|%s", -5, 7, 4000000000U, 0xBEEFU, 'c', "text");
  ExpectAsLibrary("%4d|%04d|%2u", 42, 42, 12345U);
  ExpectAsLibrary("%ld %lu %zu %hd", -3L, 3UL, size_t{99}, static_cast<short>(-1));
  ExpectAsLibrary("%d %d", INT32_MIN, INT32_MAX);
}

TEST(TflmMessages, WideNumbersDoNotShiftWhatFollows) {
  ExpectAsLibrary("%lld %s", 1234567890123LL, "after");
  ExpectAsLibrary("%" PRId64 " %" PRIu64 " %d", INT64_MIN, UINT64_MAX, 3);
  EXPECT_EQ(Formatted("%f %.3f %s", 1.5, 2.5, "after"), "(number) (number) after");
}

TEST(TflmMessages, AWarningIsToldOnceThoughTheCallSucceeds) {
  TakeUnsaid();
  Print("first %d\n", 1);
  Print("second");
  Forget();  // as the next Invoke does
  EXPECT_STREQ(TakeUnsaid(), "first 1");
  EXPECT_EQ(TakeUnsaid(), nullptr);
}

TEST(TflmMessages, EndsWithNulWhateverTheSize) {
  for (size_t size : {size_t{0}, size_t{1}, size_t{5}}) {
    char text[8] = "#######";
    Format(text, size, "%s", "abcdefghij");
    EXPECT_EQ(std::string(text, 7), std::string("abcd").substr(0, size ? size - 1 : 0) +
                                        std::string(size ? 1 : 0, '\0') +
                                        std::string(7 - size, '#'));
  }
}

TEST(TflmMessages, KeepsTheFirstLineUntilToldToForget) {
  Forget();
  const std::string silence = First();
  EXPECT_NE(silence, "");
  Print("Op#%u (%s)\nDynamic tensors\n", 3U, "SLICE");
  Print("a consequence");
  EXPECT_STREQ(First(), "Op#3 (SLICE) Dynamic tensors");
  Forget();
  EXPECT_EQ(First(), silence);
  Print("%s", std::string(500, 'x').c_str());
  EXPECT_LT(std::string(First()).size(), 200U);
}

TEST(TflmMessagesDeathTest, TheLastWordOfAnAbortIsOne) { EXPECT_DEATH(Print("HALTED"), ""); }

}  // namespace
}  // namespace hil::engine::messages
