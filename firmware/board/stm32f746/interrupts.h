// Interrupts wake the core from WFI and are never taken; faults are taken at any time.
//
// BASEPRI does it, not PRIMASK: with PRIMASK set every fault would escalate to HardFault, and one
// whose stack frame cannot be pushed (a stack overflow) would then lock the core up instead of
// leaving a record.
#pragma once

#include "board/stm32f746/cortex_m7.h"

namespace hil::board {

// All but the faults, whose priority is 0. Four bits of priority are implemented.
inline constexpr uint32_t kInterruptPriority = 0x10;

// An interrupt that may be pending and wake the core. Not enabled yet.
template <unsigned kInterrupt>
void PrepareWakeUp() {
  NVIC_IPR<kInterrupt>::Write(kInterruptPriority);
}

// From start-up's PRIMASK to BASEPRI.
inline void MaskInterrupts() {
  asm volatile(
      "msr basepri, %0  \n"
      "isb              \n"
      "cpsie i          \n" ::"r"(kInterruptPriority)
      : "memory");
}

// WFI wakes on what BASEPRI lets through, whatever PRIMASK says (ARMv7-M B1.5.19). Raising
// BASEPRI under PRIMASK is also what erratum 837070 of the Cortex-M7 r0p1 asks for.
inline void SleepUntilPending() {
  asm volatile(
      "cpsid i          \n"
      "msr basepri, %0  \n"
      "isb              \n"
      "dsb              \n"
      "wfi              \n"
      "msr basepri, %1  \n"
      "isb              \n"
      "cpsie i          \n" ::"r"(0),
      "r"(kInterruptPriority)
      : "memory");
}

}  // namespace hil::board
