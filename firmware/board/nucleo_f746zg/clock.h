// The clock tree: what each divider gives, from the 8 MHz that the ST-LINK feeds into OSC_IN.
#pragma once

#include <cstdint>

namespace hil::board {

inline constexpr uint32_t kHseHz = 8'000'000;
inline constexpr uint32_t kPllM = 8;    // 1 MHz into the VCO; RM0385 5.3.2 allows 1-2 MHz
inline constexpr uint32_t kPllN = 432;  // 432 MHz, the VCO's highest
inline constexpr uint32_t kPllP = 2;
inline constexpr uint32_t kPllQ = 9;  // 48 MHz for USB, SDMMC and RNG, unused so far
inline constexpr uint32_t kSysclkHz = kHseHz / kPllM * kPllN / kPllP;
inline constexpr uint32_t kHclkHz = kSysclkHz;
inline constexpr uint32_t kPclk1Hz = kHclkHz / 4;
inline constexpr uint32_t kPclk2Hz = kHclkHz / 2;
inline constexpr uint32_t kUsart3Hz = kPclk1Hz;
inline constexpr uint32_t kFlashWaitStates = 7;  // RM0385 3.3.2: 210 to 216 MHz at 2.7-3.6 V

static_assert(kSysclkHz == 216'000'000);
static_assert(kPclk1Hz <= 54'000'000 && kPclk2Hz <= 108'000'000,
              "datasheet, general operating conditions");
static_assert(kHseHz / kPllM * kPllN / kPllQ == 48'000'000);

// From reset (HSI 16 MHz) to 216 MHz. Waits without end for an oscillator that does not start:
// the program counter that the probe then reads names it.
void StartClocks();

}  // namespace hil::board
