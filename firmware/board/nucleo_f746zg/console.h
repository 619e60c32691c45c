// USART3 on PD8 (TX) and PD9 (RX): the ST-LINK's virtual COM port (UM1974 6.9).
#pragma once

#include "board/stm32f746/clock.h"
#include "board/stm32f746/stm32f746.h"

namespace hil::board {

struct Console {
  using Usart = Usart3;
  static constexpr uint32_t kClockHz = kPclk1Hz;
  using TxPin = Pin<GpioD, 8>;
  using RxPin = Pin<GpioD, 9>;
  static constexpr uint32_t kAlternateFunction = 7;
  // RM0385 8.3.4, request mapping of DMA1: USART3_RX and USART3_TX.
  using RxStream = DmaStream<Dma1, 1>;
  using TxStream = DmaStream<Dma1, 3>;
  static constexpr uint32_t kDmaChannel = 4;
};

}  // namespace hil::board
