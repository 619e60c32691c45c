// A board with an STM32F746 as board.h wants it: order of start-up, time, memory and identity.
//
// No watchdog: an independent watchdog cannot be stopped once started, would have to be longer
// than the longest inference of any model, and its reset would destroy what one wants to see. A
// hang shows as silence on the link; the host then reads program counter and stack by the probe.
#include "board/board.h"

#include "board/stm32f746/clock.h"
#include "board/stm32f746/cortex_m7.h"
#include "board/stm32f746/fault.h"
#include "board/stm32f746/interrupts.h"
#include "board/stm32f746/linker_symbols.h"
#include "board/stm32f746/memory_system.h"
#include "board/stm32f746/serial.h"
#include "board/stm32f746/stack.h"
#include "board/stm32f746/stm32f746.h"
#include "console.h"

namespace hil::board {
namespace {

Circumstances circumstances;
ResetReason reset_reason;

// The flags add up until they are cleared, and a software or watchdog reset also pulls the reset
// pin: the most specific one counts (RM0385, RCC_CSR).
ResetReason TakeResetReason() {
  const uint32_t flags = RCC_CSR::Read();
  RCC_CSR::Set(RCC_CSR::RMVF);
  if ((flags & RCC_CSR::LPWRRSTF) != 0) return ResetReason::kLowPower;
  if ((flags & (RCC_CSR::WWDGRSTF | RCC_CSR::IWDGRSTF)) != 0) return ResetReason::kWatchdog;
  if ((flags & RCC_CSR::SFTRSTF) != 0) return ResetReason::kSoftware;
  if ((flags & (RCC_CSR::PORRSTF | RCC_CSR::BORRSTF)) != 0) return ResetReason::kPowerOn;
  if ((flags & RCC_CSR::PINRSTF) != 0) return ResetReason::kPin;
  return ResetReason::kOther;
}

void StartCycleCounter(uint32_t value) {
  DEMCR::Set(DEMCR::TRCENA);
  DWT_LAR::Write(DWT_LAR::kUnlock);  // the Cortex-M7 locks the DWT against software
  DWT_CYCCNT::Write(value);
  DWT_CTRL::Set(DWT_CTRL::CYCCNTENA);
}

// What is read back, not what was meant.
Circumstances ReadCircumstances() {
  Circumstances c{};
  c.board = HIL_BOARD_NAME;
  c.compiler = HIL_COMPILER;
  c.flags = HIL_COMPILE_FLAGS;
  c.hclk_hz = kHclkHz;
  c.serial_clock_hz = Console::kClockHz;
  c.flash_wait_states = static_cast<uint8_t>(FLASH_ACR::Read() & FLASH_ACR::LATENCY);
  c.art = FLASH_ACR::AllSet(FLASH_ACR::ARTEN | FLASH_ACR::PRFTEN);
  c.icache = SCB_CCR::AllSet(SCB_CCR::IC);
  c.dcache = SCB_CCR::AllSet(SCB_CCR::DC);
  return c;
}

}  // namespace

void Init() {
  constexpr uint32_t kFlashStart = 0x08000000;
  SCB_VTOR::Write(kFlashStart);  // after reset the core sees the same flash at 0x00200000
  EnableFaults();
  MaskInterrupts();
  reset_reason = TakeResetReason();
  StartClocks();
  StartMemorySystem();
  // The core's clock keeps running in WFI: the probe can read memory, the cycle counter counts.
  DBGMCU_CR::Set(DBGMCU_CR::DBG_SLEEP);
  StartCycleCounter(0);
  StartSerial();
  circumstances = ReadCircumstances();
}

// Right as long as two calls are less than 2^32 cycles (19.9 s) apart.
uint64_t Cycles() {
  static uint32_t wraps = 0;
  static uint32_t last = 0;
  // A debugger that disconnects clears TRCENA, and with it stops the counter.
  if (!DEMCR::AllSet(DEMCR::TRCENA)) StartCycleCounter(last);
  const uint32_t now = DWT_CYCCNT::Read();
  if (now < last) ++wraps;
  last = now;
  return (uint64_t{wraps} << 32) | now;
}

uint32_t CoreClockHz() { return kHclkHz; }

Span<const uint8_t> ModelSlot() {
  return {__model_slot_start, static_cast<size_t>(__model_slot_end - __model_slot_start)};
}

Span<uint8_t> Arena() { return {__arena_start, static_cast<size_t>(__arena_end - __arena_start)}; }

uint32_t StackSize() { return static_cast<uint32_t>(__stack_top - __stack_bottom) * 4; }

uint32_t StackHighWater() {
  const volatile uint32_t* word = __stack_bottom;
  while (word < __stack_top && *word == kStackPaint) ++word;
  return static_cast<uint32_t>(__stack_top - word) * 4;
}

void FlushCaches() { FlushMemorySystem(); }

const Circumstances& GetCircumstances() { return circumstances; }

// An ELF note: three words (length of the name, of the contents, type), "GNU\0", contents.
Span<const uint8_t> BuildId() {
  constexpr size_t kNoteHeaderSize = 16;
  constexpr size_t kSha1Size = 20;
  return {__build_id_note + kNoteHeaderSize, kSha1Size};
}

ResetReason GetResetReason() { return reset_reason; }

}  // namespace hil::board
