// WFI, WFE, SEV, SysTick, sleep-on-exit, self reset, the cycle counter.
#include "test_program.h"

#define DWT_CTRL REG(0xE0001000)
#define DWT_CYCCNT REG(0xE0001004)
#define DWT_LAR REG(0xE0001FB0)
#define DEMCR REG(0xE000EDFC)

static volatile uint32_t ticks;
void SysTick_Handler(void) { ticks++; }
static volatile uint32_t interrupts;
void Irq10_Handler(void) { interrupts++; }

static void start_systick(uint32_t period) {
  SYST_RVR = period - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
}

static void counter_on(void) {
  DEMCR |= 1u << 24;
  DWT_LAR = 0xC5ACCE55;
  DWT_CYCCNT = 0;
  DWT_CTRL |= 1;
}

static void ten_ticks(void) {
  start_systick(16000);
  while (ticks < 10) __asm volatile("wfi");
  SYST_CSR = 0;
  shared.out[0] = ticks;
}

// The firmware's way: no handler runs, PRIMASK is set, the pending bit ends the sleep.
static void masked_wake_up(void) {
  __asm volatile("cpsid i");
  start_systick(16000);
  for (int i = 0; i < 3; i++) {
    __asm volatile("wfi");
    shared.out[1] += SCB_ICSR >> 26 & 1;
    SCB_ICSR = 1u << 25;
  }
  SYST_CSR = 0;
  shared.out[0] = ticks;
}

static void events(void) {
  __asm volatile("sev");
  __asm volatile("wfe");  // consumes the event
  shared.out[0] = 1;
  start_systick(16000);
  __asm volatile("wfe");  // ends with the interrupt
  shared.out[1] = ticks;
  SYST_CSR = 0;
  __asm volatile("yield");
  shared.out[2] = 1;
}

static void cycle_counter(void) {
  DEMCR |= 1u << 24;
  DWT_CTRL |= 1;  // locked: no effect, and a finding
  shared.out[0] = DWT_CTRL & 1;
  counter_on();
  uint32_t start = DWT_CYCCNT;
  __asm volatile("mov r0, #1000\n1: subs r0, #1\n bne 1b" ::: "r0", "cc");
  shared.out[1] = DWT_CYCCNT - start;
  start_systick(160000);
  start = DWT_CYCCNT;
  __asm volatile("wfi");
  shared.out[2] = DWT_CYCCNT - start;  // the core's clock was gated
  SYST_CSR = 0;
}

static void self_reset(void) {
  shared.out[shared.starts] = shared.starts;
  if (shared.starts < 3) {
    SCB_AIRCR = 0x05FA0004;
    for (;;) {
    }
  }
  shared.out[10] = REG(0x40023874);  // RCC_CSR
}

static void sleep_on_exit(void) {
  SCB_SCR = 2;
  start_systick(16000);
  __asm volatile("wfi");
  shared.out[0] = 0xBAD;  // never: the handler returns into sleep
}

static void count_flag(void) {
  SYST_RVR = 999;
  SYST_CVR = 0;
  SYST_CSR = 5;
  uint32_t polls = 0;
  while (!(SYST_CSR >> 16 & 1)) polls++;
  shared.out[0] = polls;
  shared.out[1] = SYST_CSR >> 16 & 1;  // cleared by the read
  shared.out[2] = SYST_CVR <= 999;
}

void run_case(uint32_t test_case) {
  switch (test_case) {
    case 0:
      ten_ticks();
      break;
    case 1:
      masked_wake_up();
      break;
    case 2:
      events();
      break;
    case 3:
      cycle_counter();
      break;
    case 4:
      self_reset();
      break;
    case 5:
      sleep_on_exit();
      break;
    case 6:
      count_flag();
      break;
  }
}
