// The MPU: a null pointer, a stack guard, read-only and execute-never memory.
#include "test_program.h"

#define MPU_CTRL REG(0xE000ED94)
#define MPU_RNR REG(0xE000ED98)
#define MPU_RBAR REG(0xE000ED9C)
#define MPU_RASR REG(0xE000EDA0)
#define NO_ACCESS 0u
#define FULL_ACCESS (3u << 24)
#define READ_ONLY (6u << 24)
#define XN (1u << 28)
#define SIZE(log2) (((log2)-1u) << 1 | 1u)

__attribute__((naked)) void MemManage_Handler(void) { __asm volatile("mov r0, sp\n b record_c"); }
void HardFault_Handler(void) __attribute__((alias("MemManage_Handler")));
void record_c(uint32_t *frame) {
  shared.out[0] = SCB_ICSR & 0x1FF;
  shared.out[1] = SCB_CFSR;
  shared.out[2] = SCB_MMFAR;
  shared.out[3] = frame[6];
  if (shared.out[0] == 3) {  // here the MPU is off: reading address 0 is allowed
    uint32_t value;
    __asm volatile("ldr %0, [%1]" : "=r"(value) : "r"(0));
    shared.out[4] = value + 1;
  }
  done();
}

static void region(uint32_t number, uint32_t base, uint32_t attributes) {
  MPU_RNR = number;
  MPU_RBAR = base;
  MPU_RASR = attributes;
}

static void overflow(void) { __asm volatile("mov sp, %0\n push {r0-r7}" ::"r"(0x20008010)); }
static void overflow_by_interrupt(void) { __asm volatile("mov sp, %0\n svc #0" ::"r"(0x20008010)); }

void run_case(uint32_t test_case) {
  SCB_SHCSR = shared.argument ? 1u << 16 : 0;
  region(0, 0x00000000, NO_ACCESS | XN | SIZE(14));
  region(1, 0x20007C00, NO_ACCESS | XN | SIZE(10));
  region(2, 0x2000A000, READ_ONLY | SIZE(12));
  region(3, 0x2000B000, FULL_ACCESS | XN | SIZE(12));
  region(4, 0x2000C000, NO_ACCESS | SIZE(5));  // 32 bytes: too small to be enforced
  MPU_CTRL = 5;
  barrier();
  shared.out[10] = REG(0x2000A000);
  REG(0x2000B000) = 0x47704770;  // bx lr
  REG(0x2000C020) = 1;
  switch (test_case) {
    case 0:
      shared.out[11] = *(volatile uint32_t *)0x10;
      break;
    case 1:
      overflow();
      break;
    case 2:
      overflow_by_interrupt();
      break;
    case 3:
      REG(0x2000A004) = 1;
      break;
    case 4:
      ((void (*)(void))0x2000B001)();
      break;
    case 5:
      MPU_CTRL = 0;
      barrier();
      shared.out[11] = *(volatile uint32_t *)0x10;
      ((void (*)(void))0x2000B001)();
      shared.out[12] = 0x600D;
      break;
  }
}
