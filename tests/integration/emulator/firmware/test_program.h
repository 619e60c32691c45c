// What every test program shares with the Python test that runs it.
#pragma once
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define OUT_WORDS 60

typedef struct {
  volatile uint32_t out[OUT_WORDS];  // results, read by the test
  volatile uint32_t test_case;       // written by the test before it starts the core
  volatile uint32_t done;            // 0xD0E when `out` is complete
  volatile uint32_t starts;          // how often Reset_Handler ran
  volatile uint32_t argument;        // of the test
} shared_t;

extern shared_t shared;

#define NVIC_ISER(n) REG(0xE000E100u + 4u * (n))
#define NVIC_ICER(n) REG(0xE000E180u + 4u * (n))
#define NVIC_ISPR(n) REG(0xE000E200u + 4u * (n))
#define NVIC_ICPR(n) REG(0xE000E280u + 4u * (n))
#define NVIC_IPR8(irq) (*(volatile uint8_t *)(0xE000E400u + (irq)))
#define SCB_ICSR REG(0xE000ED04)
#define SCB_VTOR REG(0xE000ED08)
#define SCB_AIRCR REG(0xE000ED0C)
#define SCB_SCR REG(0xE000ED10)
#define SCB_CCR REG(0xE000ED14)
#define SCB_SHPR8(exception) (*(volatile uint8_t *)(0xE000ED18u + (exception)-4u))
#define SCB_SHCSR REG(0xE000ED24)
#define SCB_CFSR REG(0xE000ED28)
#define SCB_HFSR REG(0xE000ED2C)
#define SCB_MMFAR REG(0xE000ED34)
#define SCB_BFAR REG(0xE000ED38)
#define SCB_CPACR REG(0xE000ED88)
#define SYST_CSR REG(0xE000E010)
#define SYST_RVR REG(0xE000E014)
#define SYST_CVR REG(0xE000E018)

static inline void done(void) {
  shared.done = 0xD0E;
  for (;;) __asm volatile("wfi");
}
static inline void barrier(void) { __asm volatile("dsb\n isb" ::: "memory"); }
static inline void enable_fpu(void) {
  SCB_CPACR |= 0xFu << 20;
  barrier();
}

void run_case(uint32_t test_case);  // each program has one
