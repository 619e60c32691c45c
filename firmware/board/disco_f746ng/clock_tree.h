// From the board's 25 MHz crystal at OSC_IN and OSC_OUT (UM1907, HSE clock source) to 216 MHz.
#pragma once

#include <cstdint>

namespace hil::board {

inline constexpr uint32_t kHseHz = 25'000'000;
inline constexpr bool kHseIsCrystal = true;  // the chip's oscillator drives it: no bypass
inline constexpr uint32_t kPllM = 25;        // 1 MHz into the VCO
inline constexpr uint32_t kPllN = 432;       // 432 MHz, the VCO's highest
inline constexpr uint32_t kPllP = 2;
inline constexpr uint32_t kPllQ = 9;  // 48 MHz for USB, SDMMC and RNG, unused so far

}  // namespace hil::board
