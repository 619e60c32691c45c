// From the 8 MHz that the ST-LINK feeds into OSC_IN (UM1974 6.8.1) to 216 MHz.
#pragma once

#include <cstdint>

namespace hil::board {

inline constexpr uint32_t kHseHz = 8'000'000;
inline constexpr bool kHseIsCrystal = false;  // a clock signal comes in: the oscillator is bypassed
inline constexpr uint32_t kPllM = 8;          // 1 MHz into the VCO
inline constexpr uint32_t kPllN = 432;        // 432 MHz, the VCO's highest
inline constexpr uint32_t kPllP = 2;
inline constexpr uint32_t kPllQ = 9;  // 48 MHz for USB, SDMMC and RNG, unused so far

}  // namespace hil::board
