// The board's console (console.h), by DMA both ways.
#pragma once

namespace hil::board {

inline constexpr unsigned kInitialBaud = 115200;

void StartSerial();

}  // namespace hil::board
