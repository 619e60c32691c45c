#include "board/stm32f746/clock.h"

#include "board/stm32f746/cortex_m7.h"
#include "board/stm32f746/stm32f746.h"

namespace hil::board {
namespace {

// HSEBYP may only be written while HSE is off, as it is after reset.
void WaitForHse() {
  if constexpr (!kHseIsCrystal) RCC_CR::Set(RCC_CR::HSEBYP);
  RCC_CR::Set(RCC_CR::HSEON);
  while (!RCC_CR::AllSet(RCC_CR::HSERDY)) {
  }
}

void StartPll() {
  RCC_PLLCFGR::Write(RCC_PLLCFGR::PLLM(kPllM) | RCC_PLLCFGR::PLLN(kPllN) |
                     RCC_PLLCFGR::PLLP(kPllP) | RCC_PLLCFGR::PLLQ(kPllQ) | RCC_PLLCFGR::kSourceHse);
  RCC_CR::Set(RCC_CR::PLLON);
}

// Above 180 MHz the regulator needs over-drive (RM0385 4.1.4: after PLLON, before the switch).
void EnterOverDrive() {
  PWR_CR1::Set(PWR_CR1::ODEN);
  while (!PWR_CSR1::AllSet(PWR_CSR1::ODRDY)) {
  }
  PWR_CR1::Set(PWR_CR1::ODSWEN);
  while (!PWR_CSR1::AllSet(PWR_CSR1::ODSWRDY)) {
  }
}

// Before the switch: at 216 MHz the flash would otherwise be read before it has answered. The
// ART serves the ITCM bus only; the code runs from the AXI address through the L1 caches.
void SlowDownFlash() {
  FLASH_ACR::Write(kFlashWaitStates | FLASH_ACR::PRFTEN | FLASH_ACR::ARTEN);
  while ((FLASH_ACR::Read() & FLASH_ACR::LATENCY) != kFlashWaitStates) {
  }
}

// The APB dividers first, lest the buses run too fast for a moment.
void SwitchToPll() {
  RCC_CFGR::Replace(RCC_CFGR::HPRE | RCC_CFGR::PPRE1 | RCC_CFGR::PPRE2,
                    RCC_CFGR::kHpreDiv1 | RCC_CFGR::kPpre1Div4 | RCC_CFGR::kPpre2Div2);
  while (!RCC_CR::AllSet(RCC_CR::PLLRDY)) {
  }
  RCC_CFGR::Replace(RCC_CFGR::SW, RCC_CFGR::kSwPll);
  while ((RCC_CFGR::Read() & RCC_CFGR::SWS) != RCC_CFGR::kSwsPll) {
  }
}

}  // namespace

void StartClocks() {
  RCC_APB1ENR::Set(RCC_APB1ENR::PWREN);
  static_cast<void>(RCC_APB1ENR::Read());  // the clock takes two cycles to arrive (errata sheet)
  PWR_CR1::Replace(PWR_CR1::VOS, PWR_CR1::kVosScale1);  // may change only while the PLL is off
  WaitForHse();
  StartPll();
  EnterOverDrive();
  SlowDownFlash();
  SwitchToPll();
}

}  // namespace hil::board
