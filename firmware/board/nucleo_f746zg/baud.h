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

// Oversampling by 16 stands more noise and clock deviation, so it is taken where it serves;
// by 8 the divider is twice as fine and reaches twice as far.
constexpr BaudSetting ChooseBaud(uint32_t clock_hz, uint32_t wanted) {
  constexpr uint32_t kSmallestDivider = 16;
  constexpr uint32_t kLargestDivider = 0xFFFF;
  if (wanted == 0) return {};
  for (const uint32_t factor : {1U, 2U}) {
    const uint64_t numerator = uint64_t{clock_hz} * factor;
    const uint64_t divider = (numerator + wanted / 2) / wanted;
    if (divider < kSmallestDivider || divider > kLargestDivider) continue;
    const auto usartdiv = static_cast<uint32_t>(divider);
    const auto actual = static_cast<uint32_t>((numerator + usartdiv / 2) / usartdiv);
    if (!WithinTwoPercent(actual, wanted)) continue;
    if (factor == 1) return {true, false, usartdiv, actual};
    // By 8, the fraction moves down one bit and bit 3 stays clear.
    return {true, true, (usartdiv & 0xFFF0) | ((usartdiv & 0xF) >> 1), actual};
  }
  return {};
}

}  // namespace hil::board
