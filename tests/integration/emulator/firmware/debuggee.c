// Something to halt, step and watch. Runs for ever.
#include "test_program.h"

volatile uint32_t counter, watched, ticks;

void SysTick_Handler(void) { ticks++; }

__attribute__((noinline)) void bump(void) {
  counter++;
  __asm volatile("nop");
}

__attribute__((noinline, naked)) void straight_line(void) {
  __asm volatile(
      "movs r0, #1\n"
      "movs r1, #2\n"
      "adds r2, r0, r1\n"
      "cmp r2, #3\n"
      "it eq\n"
      "moveq r3, #7\n"
      "bx lr\n");
}

__attribute__((noinline)) static void spin(void) {
  for (;;) {
    bump();
    if (counter % 1000 == 0) watched = counter;
    straight_line();
  }
}

__attribute__((noinline)) static void crash(void) {
  volatile uint32_t *nowhere = (volatile uint32_t *)0x60000000;
  *nowhere = 1;
}

void run_case(uint32_t test_case) {
  if (test_case == 1) {
    SYST_RVR = 500;
    SYST_CVR = 0;
    SYST_CSR = 7;
  }
  if (test_case == 2) crash();
  if (test_case == 3) __asm volatile("bkpt #3");
  if (test_case == 4) {
    for (;;) __asm volatile("wfi");
  }
  spin();
}
