// Echo over USART1 (PA9, PB7) at 1 Mbaud, at 100 MHz from a crystal of 25 MHz.
// Case 1 bypasses the oscillator, as if a clock came in; then no crystal helps.
#include "test_program.h"

#define RCC_CR REG(0x40023800)
#define RCC_PLLCFGR REG(0x40023804)
#define RCC_CFGR REG(0x40023808)
#define RCC_AHB1ENR REG(0x40023830)
#define RCC_APB2ENR REG(0x40023844)
#define FLASH_ACR REG(0x40023C00)
#define GPIOA_MODER REG(0x40020000)
#define GPIOA_AFRH REG(0x40020024)
#define GPIOB_MODER REG(0x40020400)
#define GPIOB_AFRL REG(0x40020420)
#define USART1_CR1 REG(0x40011000)
#define USART1_BRR REG(0x4001100C)
#define USART1_ISR REG(0x4001101C)
#define USART1_RDR REG(0x40011024)
#define USART1_TDR REG(0x40011028)

static void start_clock(int bypass) {
  FLASH_ACR = 3;
  if (bypass) RCC_CR |= 1u << 18;
  RCC_CR |= 1u << 16;
  while (!(RCC_CR & 1u << 17)) {
  }
  RCC_PLLCFGR = 1u << 22 | 4u << 24 | 0u << 16 | 200u << 6 | 25;  // 25 / 25 * 200 / 2 MHz
  RCC_CR |= 1u << 24;
  while (!(RCC_CR & 1u << 25)) {
  }
  RCC_CFGR = 4u << 13 | 5u << 10;  // APB2 50 MHz, APB1 25 MHz
  RCC_CFGR |= 2;
  while ((RCC_CFGR & 0xC) != 8) {
  }
}

void run_case(uint32_t test_case) {
  start_clock(test_case == 1);
  shared.out[1] = 1;
  RCC_AHB1ENR |= 3;
  RCC_APB2ENR |= 1u << 4;
  barrier();
  GPIOA_MODER = (GPIOA_MODER & ~(3u << 18)) | 2u << 18;
  GPIOA_AFRH = 7u << 4;
  GPIOB_MODER = (GPIOB_MODER & ~(3u << 14)) | 2u << 14;
  GPIOB_AFRL = 7u << 28;
  USART1_BRR = 50;
  USART1_CR1 = 0xD;  // UE, RE, TE
  USART1_TDR = '!';
  for (;;) {
    while (!(USART1_ISR & 1u << 5)) {
    }
    uint32_t byte = USART1_RDR;
    while (!(USART1_ISR & 1u << 7)) {
    }
    USART1_TDR = byte;
    shared.out[0]++;
  }
}
