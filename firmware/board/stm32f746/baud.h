// What BRR must hold for a baud rate, if the clock can give it (RM0385 31.5.4).
#pragma once

#include <cstdint>

namespace hil::board {

struct BaudSetting {
  bool possible = false;
  bool oversampling_by_8 = false;
  uint32_t brr = 0;
  uint32_t actual_baud = 0;
};

// 2 %: half of what the receiver stands (RM0385 31.5.5), the other half is the partner's.
constexpr bool WithinTwoPercent(uint32_t actual, uint32_t wanted) {
  const uint32_t error = actual > wanted ? actual - wanted : wanted - actual;
  return uint64_t{error} * 50 <= wanted;
}

// The baud rate is the clock through a whole number: USARTDIV with oversampling by 16, half of
// USARTDIV by 8, whose lowest bit BRR cannot hold. By 16 stands more noise and clock deviation, so
// by 8 is for the rates that 16 does not reach.
constexpr BaudSetting ChooseBaud(uint32_t clock_hz, uint32_t wanted) {
  constexpr uint32_t kSmallestUsartdiv = 16;
  constexpr uint32_t kLargestUsartdiv = 0xFFFF;
  if (wanted == 0) return {};
  const uint64_t divider = (uint64_t{clock_hz} + wanted / 2) / wanted;
  if (divider < kSmallestUsartdiv / 2 || divider > kLargestUsartdiv) return {};
  const auto whole = static_cast<uint32_t>(divider);
  const uint32_t actual = (clock_hz + whole / 2) / whole;
  if (!WithinTwoPercent(actual, wanted)) return {};
  if (whole >= kSmallestUsartdiv) return {true, false, whole, actual};
  // BRR[2:0] is USARTDIV[3:0] moved down one bit, BRR[3] stays clear.
  const uint32_t usartdiv = 2 * whole;
  return {true, true, (usartdiv & 0xFFF0) | ((usartdiv & 0xF) >> 1), actual};
}

static_assert(ChooseBaud(54'000'000, 921600).brr == 59, "915254 baud, 0.7 % slow");
static_assert(ChooseBaud(54'000'000, 3'000'000).brr == 18, "exact");
static_assert(ChooseBaud(54'000'000, 6'000'000).brr == 0x11, "by 8: 18 is 0x12, 0x10 | 0x2 >> 1");
static_assert(!ChooseBaud(54'000'000, 4'000'000).possible, "13.5: 3.6 % off either way");
static_assert(ChooseBaud(54'000'000, 6'750'000).brr == 0x10, "the fastest");
static_assert(!ChooseBaud(54'000'000, 7'000'000).possible);
static_assert(!ChooseBaud(54'000'000, 0).possible && !ChooseBaud(54'000'000, 300).possible);
static_assert(ChooseBaud(108'000'000, 921600).brr == 117, "923077 baud, 0.2 % fast");
static_assert(ChooseBaud(108'000'000, 4'000'000).brr == 27, "exact");

}  // namespace hil::board
