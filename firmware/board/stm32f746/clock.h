// The clock tree: what the board's oscillator and dividers give.
#pragma once

#include <cstdint>

#include "clock_tree.h"

namespace hil::board {

inline constexpr uint32_t kPllInputHz = kHseHz / kPllM;
inline constexpr uint32_t kVcoHz = kPllInputHz * kPllN;
inline constexpr uint32_t kSysclkHz = kVcoHz / kPllP;
inline constexpr uint32_t kHclkHz = kSysclkHz;
inline constexpr uint32_t kPclk1Hz = kHclkHz / 4;
inline constexpr uint32_t kPclk2Hz = kHclkHz / 2;
inline constexpr uint32_t kFlashWaitStates = 7;  // RM0385 3.3.2: 210 to 216 MHz at 2.7-3.6 V

static_assert(kHseIsCrystal ? kHseHz >= 4'000'000 && kHseHz <= 26'000'000
                            : kHseHz >= 1'000'000 && kHseHz <= 50'000'000,
              "datasheet, HSE characteristics: what the oscillator or its bypass can take");
static_assert(kHseHz % kPllM == 0 && kPllInputHz >= 1'000'000 && kPllInputHz <= 2'000'000,
              "RM0385 5.3.2: 1 to 2 MHz into the VCO; a fraction would make every rate inexact");
static_assert(kVcoHz >= 100'000'000 && kVcoHz <= 432'000'000, "RM0385 5.3.2: range of the VCO");
static_assert(kSysclkHz == 216'000'000,
              "the wait states, the over-drive and the bus dividers are those of 216 MHz");
static_assert(kPclk1Hz <= 54'000'000 && kPclk2Hz <= 108'000'000,
              "datasheet, general operating conditions");
static_assert(kVcoHz / kPllQ == 48'000'000, "what USB wants");

// From reset (HSI 16 MHz) to 216 MHz. Waits without end for an oscillator that does not start:
// the program counter that the probe then reads names it.
void StartClocks();

}  // namespace hil::board
