// Programming and erasing flash from the core, as a boot loader would: from RAM.
#include "test_program.h"

#define ACR REG(0x40023C00)
#define KEYR REG(0x40023C04)
#define SR REG(0x40023C0C)
#define CR REG(0x40023C10)
#define TARGET 0x08080000u  // sector 6
#define FLASH_AXI_TO_ITCM 0x07E00000u
#define RAMCODE __attribute__((noinline, long_call, section(".ramcode")))
#define PG 1u
#define SER 2u
#define STRT (1u << 16)
#define PSIZE_WORD (2u << 8)
#define LOCK (1u << 31)

static void unlock(void) {
  KEYR = 0x45670123;
  KEYR = 0xCDEF89AB;
}
RAMCODE static uint32_t wait(void) {
  uint32_t polls = 0;
  while (SR >> 16 & 1) polls++;
  return polls;
}
RAMCODE static void program(uint32_t address, uint32_t value) {
  CR = PSIZE_WORD | PG;
  REG(address) = value;
  wait();
  CR = PSIZE_WORD;
}
RAMCODE static void erase(uint32_t sector) {
  CR = PSIZE_WORD | SER | sector << 3;
  CR |= STRT;
  shared.out[20] = wait();
  CR = PSIZE_WORD;
}

static void round_trip(void) {
  shared.out[0] = CR;
  unlock();
  shared.out[1] = CR;
  erase(6);
  shared.out[2] = REG(TARGET);
  program(TARGET, 0x12345678);
  shared.out[3] = REG(TARGET);
  program(TARGET, 0x0F0F0F0F);  // only clears bits
  shared.out[4] = REG(TARGET);
  shared.out[5] = SR;
  shared.out[6] = REG(TARGET - FLASH_AXI_TO_ITCM);
}

static void locked(void) {
  REG(TARGET) = 0;
  shared.out[0] = REG(TARGET);
  shared.out[1] = SR;
  CR = PG;
  shared.out[2] = CR;
}

static void wrong_width(void) {
  unlock();
  CR = PSIZE_WORD | PG;
  *(volatile uint8_t *)TARGET = 0;
  shared.out[0] = REG(TARGET);
  shared.out[1] = SR;
  SR = 0xF0;
  shared.out[2] = SR;
}

static void wrong_key(void) { KEYR = 1; }

// The function is overwritten while its translation is in use.
static void self_modifying(void) {
  typedef uint32_t (*function_t)(void);
  function_t function = (function_t)(TARGET | 1);
  unlock();
  erase(6);
  program(TARGET, 0x4770207F);  // movs r0, #127; bx lr
  shared.out[0] = function();
  program(TARGET, 0x47702055);  // movs r0, #85
  shared.out[1] = function();
}

void HardFault_Handler(void) {
  shared.out[10] = SCB_CFSR;
  shared.out[11] = SCB_BFAR;
  done();
}

void run_case(uint32_t test_case) {
  ACR = 0x307;
  shared.out[30] = ACR;
  switch (test_case) {
    case 0:
      round_trip();
      break;
    case 1:
      locked();
      break;
    case 2:
      wrong_width();
      break;
    case 3:
      wrong_key();
      break;
    case 4:
      self_modifying();
      break;
  }
}
