// One fault of each kind. The handler records the status and skips to `resume` where it can.
#include "test_program.h"

static volatile uint32_t resume_at;

__attribute__((naked)) static void record(void) {
  __asm volatile(
      "tst lr, #4\n"
      "ite eq\n"
      "mrseq r0, msp\n"
      "mrsne r0, psp\n"
      "mov r1, lr\n"
      "b record_c\n");
}
void record_c(uint32_t *frame, uint32_t exc_return) {
  shared.out[0] = SCB_ICSR & 0x1FF;
  shared.out[1] = SCB_CFSR;
  shared.out[2] = SCB_HFSR;
  shared.out[3] = SCB_MMFAR;
  shared.out[4] = SCB_BFAR;
  shared.out[5] = frame[6];  // PC
  shared.out[6] = frame[7];  // xPSR
  shared.out[7] = exc_return;
  shared.out[8] = SCB_SHCSR;
  done();
}
void HardFault_Handler(void) __attribute__((alias("record")));
void MemManage_Handler(void) __attribute__((alias("record")));
void BusFault_Handler(void) __attribute__((alias("record")));
void UsageFault_Handler(void) __attribute__((alias("record")));

static void enable_all(void) { SCB_SHCSR = 7u << 16; }

extern const uint8_t label_read[], label_write[], label_udf[], label_fp[];

static void unmapped_read(void) {
  uint32_t address = 0x60000004, value = 0x1234;
  __asm volatile(".global label_read\nlabel_read: ldr %0, [%1]" : "+r"(value) : "r"(address));
}
static void unmapped_write(void) {
  __asm volatile(".global label_write\nlabel_write: str %0, [%1]" ::"r"(0), "r"(0x2FFFFFF0));
}
static void undefined(void) { __asm volatile(".global label_udf\nlabel_udf: udf #0"); }
static void even_branch(void) { __asm volatile("bx %0" ::"r"(0x08000100)); }
static void execute_never(void) { __asm volatile("bx %0" ::"r"(0x40020001)); }
static void execute_nowhere(void) { __asm volatile("bx %0" ::"r"(0x10000001)); }
static void fp_off(void) {
  uint32_t x = 1;
  __asm volatile(
      "add %0, #1\n add %0, #1\n"
      ".global label_fp\nlabel_fp: vmov s0, %0\n"
      : "+r"(x)::"s0");
}
static void double_precision(void) {
  enable_fpu();
  __asm volatile(".inst.n 0xee31, 0x0b02");  // vadd.f64 d0, d1, d2
}
static const uint32_t kTrap = 1u << 4;  // CCR.DIV_0_TRP
static void divide_by_zero(void) {
  SCB_CCR |= kTrap;
  barrier();  // a new basic block, and on silicon what makes the write effective
  __asm volatile(".global label_sdiv\nlabel_sdiv: sdiv r0, r1, %0" ::"r"(0) : "r0");
}
// The same instruction, with the divisor counting down: all is well for a long time.
static void divide_until_zero(void) {
  SCB_CCR |= kTrap;
  for (uint32_t divisor = 1000;; divisor--) {
    uint32_t quotient;
    shared.out[10] = divisor;
    __asm volatile(".global label_udiv\nlabel_udiv: udiv %0, %1, %2"
                   : "=r"(quotient)
                   : "r"(7000u), "r"(divisor));
    shared.out[11] += quotient == 7000u / (divisor ? divisor : 1);
  }
}
// Divisions by zero that are none: untrapped, and in an IT block whose condition does not hold.
static void divide_in_peace(void) {
  uint32_t quotient = 99;
  __asm volatile("udiv %0, %1, %2" : "=r"(quotient) : "r"(7u), "r"(0));
  shared.out[0] = quotient;
  SCB_CCR |= kTrap;
  quotient = 42;
  __asm volatile(
      "cmp %1, #0\n"
      "itte ne\n"
      "movne r3, #1\n"
      "udivne %0, %2, %1\n"
      "moveq r3, #2\n"
      : "+r"(quotient)
      : "r"(0), "r"(7u)
      : "r3", "cc");
  shared.out[1] = quotient;
  __asm volatile(
      "cmp %1, #0\n"
      "it ge\n"
      "udivge %0, %2, %1\n"
      : "+r"(quotient)
      : "r"(2), "r"(84u)
      : "cc");
  shared.out[2] = quotient;
  SCB_CCR &= ~kTrap;
  __asm volatile("udiv %0, %1, %2" : "=r"(quotient) : "r"(7u), "r"(0));
  shared.out[3] = quotient;
  done();
}
static void not_modelled(void) { (void)REG(0x40080000); }
static void bkpt_without_debugger(void) { __asm volatile("bkpt #0"); }
static void stack_overflow(void) {
  __asm volatile("mov sp, %0\n svc #0" ::"r"(0x20000010 - 0x400));
}
static void bad_return(void) { __asm volatile("svc #1"); }
__attribute__((naked)) void SVC_Handler(void) { __asm volatile("ldr r0, =0xFFFFFFF3\n bx r0"); }
static void svc_masked(void) { __asm volatile("cpsid i\n svc #0"); }
static void unprivileged_ppb(void) {
  __asm volatile("mrs r0, control\n orr r0, #1\n msr control, r0\n isb" ::: "r0");
  (void)SCB_VTOR;
}

void NMI_Handler(void) { __asm volatile("udf #1"); }
static void fault_in_nmi(void) {
  SCB_ICSR = 1u << 31;
  barrier();
}

void run_case(uint32_t test_case) {
  if (shared.argument) enable_all();
  switch (test_case) {
    case 0:
      unmapped_read();
      break;
    case 1:
      unmapped_write();
      break;
    case 2:
      undefined();
      break;
    case 3:
      even_branch();
      break;
    case 4:
      execute_never();
      break;
    case 5:
      execute_nowhere();
      break;
    case 6:
      fp_off();
      break;
    case 7:
      double_precision();
      break;
    case 9:
      not_modelled();
      break;
    case 10:
      bkpt_without_debugger();
      break;
    case 11:
      stack_overflow();
      break;
    case 12:
      bad_return();
      break;
    case 13:
      svc_masked();
      break;
    case 14:
      unprivileged_ppb();
      break;
    case 15:
      fault_in_nmi();
      break;
    case 16:
      divide_by_zero();
      break;
    case 17:
      divide_until_zero();
      break;
    case 18:
      divide_in_peace();
      break;
  }
}
