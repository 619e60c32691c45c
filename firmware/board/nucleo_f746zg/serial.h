// USART3 on PD8 (TX) and PD9 (RX), the ST-LINK's virtual COM port, by DMA both ways.
#pragma once

namespace hil::board {

inline constexpr unsigned kInitialBaud = 115200;

void StartSerial();

}  // namespace hil::board
