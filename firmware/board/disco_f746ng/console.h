// USART1 on PA9 (TX) and PB7 (RX): the ST-LINK's virtual COM port (UM1907, virtual COM port).
#pragma once

#include "board/stm32f746/clock.h"
#include "board/stm32f746/stm32f746.h"

namespace hil::board {

struct Console {
  using Usart = Usart1;
  static constexpr uint32_t kClockHz = kPclk2Hz;  // USART1 is on APB2
  using TxPin = Pin<GpioA, 9>;
  using RxPin = Pin<GpioB, 7>;
  static constexpr uint32_t kAlternateFunction = 7;
  // RM0385 8.3.4, request mapping of DMA2: USART1_RX and USART1_TX.
  using RxStream = DmaStream<Dma2, 2>;
  using TxStream = DmaStream<Dma2, 7>;
  static constexpr uint32_t kDmaChannel = 4;
};

}  // namespace hil::board
