// Echo over USART3 (PD8, PD9): polling, one byte at a time, at 1 Mbaud from the 16 MHz HSI.
#include "test_program.h"

#define RCC_AHB1ENR REG(0x40023830)
#define RCC_APB1ENR REG(0x40023840)
#define GPIOD_MODER REG(0x40020C00)
#define GPIOD_AFRH REG(0x40020C24)
#define USART3_CR1 REG(0x40004800)
#define USART3_BRR REG(0x4000480C)
#define USART3_ISR REG(0x4000481C)
#define USART3_RDR REG(0x40004824)
#define USART3_TDR REG(0x40004828)

void run_case(uint32_t test_case) {
  (void)test_case;
  RCC_AHB1ENR |= 1u << 3;
  RCC_APB1ENR |= 1u << 18;
  barrier();
  GPIOD_MODER = (GPIOD_MODER & ~(0xFu << 16)) | 0xAu << 16;
  GPIOD_AFRH = 0x77;
  USART3_BRR = 16;
  USART3_CR1 = 0xD;  // UE, RE, TE
  for (;;) {
    while (!(USART3_ISR & 1u << 5)) {
    }
    uint32_t byte = USART3_RDR;
    while (!(USART3_ISR & 1u << 7)) {
    }
    USART3_TDR = byte;
    shared.out[0]++;
  }
}
