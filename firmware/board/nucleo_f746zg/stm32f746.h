// The peripheral registers that this board uses, with the names of RM0385 (STM32F75xxx and
// STM32F74xxx reference manual). Addresses and bits checked against ST's STM32F746.svd.
#pragma once

#include "board/nucleo_f746zg/register.h"

namespace hil::board {

// --- PWR: power control (RM0385 chapter 4) ---------------------------------------------------
struct PWR_CR1 : Register<0x40007000> {
  static constexpr uint32_t VOS = Field(14, 3);
  static constexpr uint32_t kVosScale1 = Field(14, 3);
  static constexpr uint32_t ODEN = Bit(16);
  static constexpr uint32_t ODSWEN = Bit(17);
};
struct PWR_CSR1 : Register<0x40007004> {
  static constexpr uint32_t ODRDY = Bit(16);
  static constexpr uint32_t ODSWRDY = Bit(17);
};

// --- RCC: reset and clock control (chapter 5) --------------------------------------------------
struct RCC_CR : Register<0x40023800> {
  static constexpr uint32_t HSEON = Bit(16);
  static constexpr uint32_t HSERDY = Bit(17);
  static constexpr uint32_t HSEBYP = Bit(18);
  static constexpr uint32_t PLLON = Bit(24);
  static constexpr uint32_t PLLRDY = Bit(25);
};
struct RCC_PLLCFGR : Register<0x40023804> {
  static constexpr uint32_t PLLM(uint32_t divider) { return Field(0, divider); }
  static constexpr uint32_t PLLN(uint32_t factor) { return Field(6, factor); }
  static constexpr uint32_t PLLP(uint32_t divider) { return Field(16, divider / 2 - 1); }
  static constexpr uint32_t kSourceHse = Bit(22);
  static constexpr uint32_t PLLQ(uint32_t divider) { return Field(24, divider); }
};
struct RCC_CFGR : Register<0x40023808> {
  static constexpr uint32_t SW = Field(0, 3);
  static constexpr uint32_t kSwPll = Field(0, 2);
  static constexpr uint32_t SWS = Field(2, 3);
  static constexpr uint32_t kSwsPll = Field(2, 2);
  static constexpr uint32_t HPRE = Field(4, 15);
  static constexpr uint32_t PPRE1 = Field(10, 7);
  static constexpr uint32_t PPRE2 = Field(13, 7);
  static constexpr uint32_t kHpreDiv1 = Field(4, 0);
  static constexpr uint32_t kPpre1Div4 = Field(10, 5);
  static constexpr uint32_t kPpre2Div2 = Field(13, 4);
};
struct RCC_AHB1ENR : Register<0x40023830> {
  static constexpr uint32_t GPIODEN = Bit(3);
  static constexpr uint32_t DMA1EN = Bit(21);
};
struct RCC_APB1ENR : Register<0x40023840> {
  static constexpr uint32_t USART3EN = Bit(18);
  static constexpr uint32_t PWREN = Bit(28);
};
struct RCC_CSR : Register<0x40023874> {
  static constexpr uint32_t RMVF = Bit(24);
  static constexpr uint32_t BORRSTF = Bit(25);
  static constexpr uint32_t PINRSTF = Bit(26);
  static constexpr uint32_t PORRSTF = Bit(27);
  static constexpr uint32_t SFTRSTF = Bit(28);
  static constexpr uint32_t IWDGRSTF = Bit(29);
  static constexpr uint32_t WWDGRSTF = Bit(30);
  static constexpr uint32_t LPWRRSTF = Bit(31);
};
struct RCC_DCKCFGR2 : Register<0x40023890> {
  static constexpr uint32_t USART3SEL = Field(4, 3);  // 0: PCLK1
};

// --- FLASH: embedded flash interface (chapter 3) -----------------------------------------------
struct FLASH_ACR : Register<0x40023C00> {
  static constexpr uint32_t LATENCY = Field(0, 15);
  static constexpr uint32_t PRFTEN = Bit(8);
  static constexpr uint32_t ARTEN = Bit(9);
  static constexpr uint32_t ARTRST = Bit(11);
};

// --- GPIO (chapter 6) ----------------------------------------------------------------------------
struct GPIOD_MODER : Register<0x40020C00> {};
struct GPIOD_OSPEEDR : Register<0x40020C08> {};
struct GPIOD_PUPDR : Register<0x40020C0C> {};
struct GPIOD_AFRH : Register<0x40020C24> {};

// --- DMA1 (chapter 8)
// ------------------------------------------------------------------------------
struct DMA1_LISR : Register<0x40026000> {
  static constexpr uint32_t TCIF3 = Bit(27);
};
struct DMA1_LIFCR : Register<0x40026008> {
  static constexpr uint32_t kAllOfStream1 = Field(6, 0x3D);
  static constexpr uint32_t kAllOfStream3 = Field(22, 0x3D);
};
template <unsigned kStream>
struct DMA1_SxCR : Register<0x40026010 + 0x18 * kStream> {
  static constexpr uint32_t EN = Bit(0);
  static constexpr uint32_t TCIE = Bit(4);
  static constexpr uint32_t kPeripheralToMemory = Field(6, 0);
  static constexpr uint32_t kMemoryToPeripheral = Field(6, 1);
  static constexpr uint32_t CIRC = Bit(8);
  static constexpr uint32_t MINC = Bit(10);
  static constexpr uint32_t kPriorityHigh = Field(16, 2);
  static constexpr uint32_t CHSEL(uint32_t channel) { return Field(25, channel); }
};
template <unsigned kStream>
struct DMA1_SxNDTR : Register<0x40026014 + 0x18 * kStream> {};
template <unsigned kStream>
struct DMA1_SxPAR : Register<0x40026018 + 0x18 * kStream> {};
template <unsigned kStream>
struct DMA1_SxM0AR : Register<0x4002601C + 0x18 * kStream> {};
template <unsigned kStream>
struct DMA1_SxFCR : Register<0x40026024 + 0x18 * kStream> {};

// --- USART3 (chapter 31)
// ---------------------------------------------------------------------------
struct USART3_CR1 : Register<0x40004800> {
  static constexpr uint32_t UE = Bit(0);
  static constexpr uint32_t RE = Bit(2);
  static constexpr uint32_t TE = Bit(3);
  static constexpr uint32_t IDLEIE = Bit(4);
  static constexpr uint32_t TCIE = Bit(6);
  static constexpr uint32_t CMIE = Bit(14);
  static constexpr uint32_t OVER8 = Bit(15);
};
struct USART3_CR2 : Register<0x40004804> {
  static constexpr uint32_t ADD(uint32_t character) { return Field(24, character); }
};
struct USART3_CR3 : Register<0x40004808> {
  static constexpr uint32_t EIE = Bit(0);
  static constexpr uint32_t DMAR = Bit(6);
  static constexpr uint32_t DMAT = Bit(7);
};
struct USART3_BRR : Register<0x4000480C> {};
struct USART3_ISR : Register<0x4000481C> {
  static constexpr uint32_t PE = Bit(0);
  static constexpr uint32_t FE = Bit(1);
  static constexpr uint32_t NF = Bit(2);
  static constexpr uint32_t ORE = Bit(3);
  static constexpr uint32_t RXNE = Bit(5);
  static constexpr uint32_t TC = Bit(6);
  static constexpr uint32_t TEACK = Bit(21);
  static constexpr uint32_t REACK = Bit(22);
};
struct USART3_ICR : Register<0x40004820> {
  static constexpr uint32_t PECF = Bit(0);
  static constexpr uint32_t FECF = Bit(1);
  static constexpr uint32_t NCF = Bit(2);
  static constexpr uint32_t ORECF = Bit(3);
  static constexpr uint32_t IDLECF = Bit(4);
  static constexpr uint32_t TCCF = Bit(6);
  static constexpr uint32_t CMCF = Bit(17);
};
struct USART3_RDR : Register<0x40004824> {};
struct USART3_TDR : Register<0x40004828> {};

// --- DBGMCU (chapter 40)
// ---------------------------------------------------------------------------
struct DBGMCU_CR : Register<0xE0042004> {
  static constexpr uint32_t DBG_SLEEP = Bit(0);
};

// Interrupt numbers (RM0385 10.1.3).
inline constexpr unsigned kDma1Stream1Interrupt = 12;
inline constexpr unsigned kDma1Stream3Interrupt = 14;
inline constexpr unsigned kUsart3Interrupt = 39;
inline constexpr unsigned kInterruptCount = 98;

}  // namespace hil::board
