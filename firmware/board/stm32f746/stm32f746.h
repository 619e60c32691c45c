// The peripheral registers that our boards use, with the names of RM0385 (STM32F75xxx and
// STM32F74xxx reference manual). Addresses and bits checked against ST's STM32F746.svd.
#pragma once

#include <type_traits>

#include "board/stm32f746/register.h"

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
  static constexpr uint32_t GPIOAEN = Bit(0);
  static constexpr uint32_t GPIOBEN = Bit(1);
  static constexpr uint32_t GPIODEN = Bit(3);
  static constexpr uint32_t DMA1EN = Bit(21);
  static constexpr uint32_t DMA2EN = Bit(22);
};
struct RCC_APB1ENR : Register<0x40023840> {
  static constexpr uint32_t USART3EN = Bit(18);
  static constexpr uint32_t PWREN = Bit(28);
};
struct RCC_APB2ENR : Register<0x40023844> {
  static constexpr uint32_t USART1EN = Bit(4);
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
  static constexpr uint32_t USART1SEL = Field(0, 3);  // 0: PCLK2
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
template <uint32_t kBase, uint32_t kClockEnable>
struct GpioPort {
  static constexpr uint32_t kEnable = kClockEnable;  // in RCC_AHB1ENR
  struct MODER : Register<kBase + 0x00> {};
  struct OSPEEDR : Register<kBase + 0x08> {};
  struct PUPDR : Register<kBase + 0x0C> {};
  struct AFRL : Register<kBase + 0x20> {};
  struct AFRH : Register<kBase + 0x24> {};
};
using GpioA = GpioPort<0x40020000, RCC_AHB1ENR::GPIOAEN>;
using GpioB = GpioPort<0x40020400, RCC_AHB1ENR::GPIOBEN>;
using GpioD = GpioPort<0x40020C00, RCC_AHB1ENR::GPIODEN>;

// One pin: its fields in the registers of its port.
template <typename PortType, unsigned kNumber>
struct Pin {
  static_assert(kNumber < 16);
  using Port = PortType;
  // Four bits a pin, eight pins to a register.
  using AFR = std::conditional_t<(kNumber < 8), typename Port::AFRL, typename Port::AFRH>;

  static void SelectAlternateFunction(uint32_t function) {
    AFR::Replace(Field(4 * (kNumber % 8), 15), Field(4 * (kNumber % 8), function));
  }
  static void SetMediumSpeed() {  // up to 50 MHz
    Port::OSPEEDR::Replace(Field(2 * kNumber, 3), Field(2 * kNumber, 1));
  }
  static void PullUp() { Port::PUPDR::Replace(Field(2 * kNumber, 3), Field(2 * kNumber, 1)); }
  static void GiveToPeripheral() {
    Port::MODER::Replace(Field(2 * kNumber, 3), Field(2 * kNumber, 2));
  }
};

// --- DMA (chapter 8) -----------------------------------------------------------------------------
struct Dma1 {
  static constexpr uint32_t kBase = 0x40026000;
  static constexpr uint32_t kEnable = RCC_AHB1ENR::DMA1EN;
  static constexpr unsigned kInterrupts[] = {11, 12, 13, 14, 15, 16, 17, 47};  // by stream
};
struct Dma2 {
  static constexpr uint32_t kBase = 0x40026400;
  static constexpr uint32_t kEnable = RCC_AHB1ENR::DMA2EN;
  static constexpr unsigned kInterrupts[] = {56, 57, 58, 59, 60, 68, 69, 70};
};

// One stream of a controller; flags of streams 0 to 3 stand in LISR, of 4 to 7 in HISR.
template <typename Controller, unsigned kStream>
struct DmaStream {
  static_assert(kStream < 8);
  static constexpr uint32_t kEnable = Controller::kEnable;  // in RCC_AHB1ENR
  static constexpr unsigned kInterrupt = Controller::kInterrupts[kStream];
  static constexpr unsigned kFlagPosition = (kStream & 1) * 6 + (kStream & 2) * 8;
  static constexpr uint32_t kHalf = kStream < 4 ? 0 : 4;
  struct ISR : Register<Controller::kBase + 0x00 + kHalf> {
    static constexpr uint32_t TCIF = Bit(kFlagPosition + 5);
  };
  struct IFCR : Register<Controller::kBase + 0x08 + kHalf> {
    static constexpr uint32_t kAll = Field(kFlagPosition, 0x3D);
  };
  static constexpr uint32_t kBase = Controller::kBase + 0x18 * kStream;
  struct CR : Register<kBase + 0x10> {
    static constexpr uint32_t EN = Bit(0);
    static constexpr uint32_t TCIE = Bit(4);
    static constexpr uint32_t kPeripheralToMemory = Field(6, 0);
    static constexpr uint32_t kMemoryToPeripheral = Field(6, 1);
    static constexpr uint32_t CIRC = Bit(8);
    static constexpr uint32_t MINC = Bit(10);
    static constexpr uint32_t kPriorityHigh = Field(16, 2);
    static constexpr uint32_t CHSEL(uint32_t channel) { return Field(25, channel); }
  };
  struct NDTR : Register<kBase + 0x14> {};
  struct PAR : Register<kBase + 0x18> {};
  struct M0AR : Register<kBase + 0x1C> {};
  struct FCR : Register<kBase + 0x24> {};
};
static_assert(DmaStream<Dma1, 1>::kFlagPosition == 6 && DmaStream<Dma1, 2>::kFlagPosition == 16 &&
                  DmaStream<Dma2, 7>::kFlagPosition == 22,
              "RM0385 8.5.1: flags of the four streams stand at 0, 6, 16 and 22");

// --- USART (chapter 31) --------------------------------------------------------------------------
template <uint32_t kBase>
struct UsartRegisters {
  struct CR1 : Register<kBase + 0x00> {
    static constexpr uint32_t UE = Bit(0);
    static constexpr uint32_t RE = Bit(2);
    static constexpr uint32_t TE = Bit(3);
    static constexpr uint32_t IDLEIE = Bit(4);
    static constexpr uint32_t TCIE = Bit(6);
    static constexpr uint32_t CMIE = Bit(14);
    static constexpr uint32_t OVER8 = Bit(15);
  };
  struct CR2 : Register<kBase + 0x04> {
    static constexpr uint32_t ADD(uint32_t character) { return Field(24, character); }
  };
  struct CR3 : Register<kBase + 0x08> {
    static constexpr uint32_t EIE = Bit(0);
    static constexpr uint32_t DMAR = Bit(6);
    static constexpr uint32_t DMAT = Bit(7);
  };
  struct BRR : Register<kBase + 0x0C> {};
  struct ISR : Register<kBase + 0x1C> {
    static constexpr uint32_t PE = Bit(0);
    static constexpr uint32_t FE = Bit(1);
    static constexpr uint32_t NF = Bit(2);
    static constexpr uint32_t ORE = Bit(3);
    static constexpr uint32_t RXNE = Bit(5);
    static constexpr uint32_t TC = Bit(6);
    static constexpr uint32_t TEACK = Bit(21);
    static constexpr uint32_t REACK = Bit(22);
  };
  struct ICR : Register<kBase + 0x20> {
    static constexpr uint32_t PECF = Bit(0);
    static constexpr uint32_t FECF = Bit(1);
    static constexpr uint32_t NCF = Bit(2);
    static constexpr uint32_t ORECF = Bit(3);
    static constexpr uint32_t IDLECF = Bit(4);
    static constexpr uint32_t TCCF = Bit(6);
    static constexpr uint32_t CMCF = Bit(17);
  };
  struct RDR : Register<kBase + 0x24> {};
  struct TDR : Register<kBase + 0x28> {};
};
struct Usart1 : UsartRegisters<0x40011000> {
  using ENR = RCC_APB2ENR;
  static constexpr uint32_t kEnable = RCC_APB2ENR::USART1EN;
  static constexpr uint32_t kClockSelection = RCC_DCKCFGR2::USART1SEL;
  static constexpr unsigned kInterrupt = 37;
};
struct Usart3 : UsartRegisters<0x40004800> {
  using ENR = RCC_APB1ENR;
  static constexpr uint32_t kEnable = RCC_APB1ENR::USART3EN;
  static constexpr uint32_t kClockSelection = RCC_DCKCFGR2::USART3SEL;
  static constexpr unsigned kInterrupt = 39;
};

// --- DBGMCU (chapter 40) -------------------------------------------------------------------------
struct DBGMCU_CR : Register<0xE0042004> {
  static constexpr uint32_t DBG_SLEEP = Bit(0);
};

inline constexpr unsigned kInterruptCount = 98;  // RM0385 10.1.3, as all numbers of interrupts

}  // namespace hil::board
