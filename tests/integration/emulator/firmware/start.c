// Vector table and start-up of the test programs. Handlers are weak: a program defines its own.
#include "test_program.h"

__attribute__((section(".shared"))) shared_t shared;
extern uint32_t stack_top, data_start, data_end, data_image, bss_start, bss_end;

void Reset_Handler(void) {
  const uint32_t *from = &data_image;
  for (uint32_t *to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
  shared.starts++;
  run_case(shared.test_case);
  done();
}

void Default_Handler(void) {
  shared.out[59] = 0xBAD00000u | (SCB_ICSR & 0x1FF);
  done();
}

#define WEAK __attribute__((weak, alias("Default_Handler")))
WEAK void NMI_Handler(void);
WEAK void HardFault_Handler(void);
WEAK void MemManage_Handler(void);
WEAK void BusFault_Handler(void);
WEAK void UsageFault_Handler(void);
WEAK void SVC_Handler(void);
WEAK void DebugMon_Handler(void);
WEAK void PendSV_Handler(void);
WEAK void SysTick_Handler(void);
WEAK void Irq10_Handler(void);
WEAK void Irq11_Handler(void);
WEAK void Irq12_Handler(void);
WEAK void Irq39_Handler(void);

typedef void (*handler_t)(void);
__attribute__((section(".vectors"), used)) static const handler_t kVectors[16 + 98] = {
    (handler_t)&stack_top,
    Reset_Handler,
    NMI_Handler,
    HardFault_Handler,
    MemManage_Handler,
    BusFault_Handler,
    UsageFault_Handler,
    0,
    0,
    0,
    0,
    SVC_Handler,
    DebugMon_Handler,
    0,
    PendSV_Handler,
    SysTick_Handler,
    [16 ... 16 + 9] = Default_Handler,
    [16 + 10] = Irq10_Handler,
    [16 + 11] = Irq11_Handler,
    [16 + 12] = Irq12_Handler,
    [16 + 13 ... 16 + 38] = Default_Handler,
    [16 + 39] = Irq39_Handler,
    [16 + 40 ... 16 + 97] = Default_Handler,
};
