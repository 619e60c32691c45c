// Exceptions that are no faults: SVC, PendSV, interrupts nested and in a row, stacks, FP frames.
#include "test_program.h"

static volatile uint32_t trace_length;
static void trace(uint32_t value) { shared.out[trace_length++] = value; }

static void irq_setup(uint32_t irq, uint32_t priority) {
  NVIC_IPR8(irq) = (uint8_t)priority;
  NVIC_ISER(irq / 32) = 1u << (irq % 32);
}
static void irq_pend(uint32_t irq) {
  NVIC_ISPR(irq / 32) = 1u << (irq % 32);
  barrier();
}

// --- SVC: registers of the frame, return value, number in the instruction ---------------------
__attribute__((naked)) void SVC_Handler(void) {
  __asm volatile(
      "tst lr, #4\n"
      "ite eq\n"
      "mrseq r0, msp\n"
      "mrsne r0, psp\n"
      "mov r1, lr\n"
      "b svc_c\n");
}
void svc_c(uint32_t *frame, uint32_t exc_return) {
  shared.out[10] = frame[0];
  shared.out[11] = frame[3];
  shared.out[12] = ((uint8_t *)frame[6])[-2];  // the immediate of svc
  shared.out[13] = exc_return;
  shared.out[14] = SCB_ICSR & 0x1FF;
  shared.out[15] = (uint32_t)frame & 7;
  frame[0] = frame[0] + frame[1];
}
__attribute__((noinline)) static uint32_t call_svc(uint32_t a, uint32_t b) {
  register uint32_t r0 __asm("r0") = a;
  register uint32_t r1 __asm("r1") = b;
  register uint32_t r3 __asm("r3") = 0x33;
  __asm volatile("svc #42" : "+r"(r0) : "r"(r1), "r"(r3) : "memory");
  return r0;
}

// --- nesting -----------------------------------------------------------------------------------
void Irq10_Handler(void) {  // least urgent: is preempted by 11, which it pends
  trace(0x10);
  irq_pend(11);
  trace(0x1F);
}
void Irq11_Handler(void) {  // pends 12, which must wait (same group) and then tail-chain
  trace(0x20);
  irq_pend(12);
  trace(0x2F);
}
void Irq12_Handler(void) { trace(0x30); }
void PendSV_Handler(void) { trace(0x40); }

static void nested(void) {
  irq_setup(10, 0x80);
  irq_setup(11, 0x40);
  irq_setup(12, 0x40);
  SCB_SHPR8(14) = 0xF0;
  SCB_ICSR = 1u << 28;  // PendSV, while PRIMASK is clear: at once
  barrier();
  trace(0x50);
  __asm volatile("cpsid i");
  SCB_ICSR = 1u << 28;
  irq_pend(10);
  trace(0x60);  // nothing yet
  __asm volatile("cpsie i");
  barrier();
  trace(0x70);
}

static void basepri(void) {
  irq_setup(10, 0x80);
  irq_setup(12, 0x40);
  __asm volatile("msr basepri, %0" ::"r"(0x60));
  irq_pend(10);
  trace(1);
  irq_pend(12);
  trace(2);
  NVIC_ICPR(0) = 1u << 11;  // 10 would pend 11
  __asm volatile("msr basepri, %0" ::"r"(0));
  barrier();
  trace(3);
}

// --- process stack ------------------------------------------------------------------------------
static uint32_t process_stack[128] __attribute__((aligned(8)));
static void psp(void) {
  uint32_t *top = process_stack + 128;
  __asm volatile("msr psp, %0" ::"r"(top));
  uint32_t control;
  __asm volatile("mrs %0, msp" : "=r"(shared.out[0]));
  __asm volatile("mrs %0, control\n orr %0, #2\n msr control, %0\n isb" : "=&r"(control));
  uint32_t sum = call_svc(3, 4);
  __asm volatile("mrs %0, control" : "=r"(shared.out[1]));
  __asm volatile("mrs %0, psp" : "=r"(shared.out[2]));
  shared.out[3] = sum;
  shared.out[4] = (uint32_t)top;
  // Everything from here needs MSP again: main() never returns on the process stack.
  __asm volatile("mrs %0, control\n bic %0, #2\n msr control, %0\n isb" : "=&r"(control));
}

// --- FP registers over an interrupt --------------------------------------------------------------
void Irq39_Handler(void) {
  uint32_t lr;
  __asm volatile("mov %0, lr" : "=r"(lr));
  shared.out[8] = lr;
  __asm volatile("vmov s0, %0\n vmov s15, %0\n vmov s16, %0\n vmsr fpscr, %1" ::"r"(0x12345678),
                 "r"(0)
                 : "s0", "s15", "s16");
}
__attribute__((noinline)) static void fp_frame(void) {
  uint32_t low, high, callee, flags, control;
  irq_setup(39, 0);
  __asm volatile("mrs %0, control" : "=r"(control));
  shared.out[4] = control;
  __asm volatile(
      "vmov s0, %4\n vmov s15, %5\n vmov s16, %6\n"
      "vmsr fpscr, %7\n"
      "str %9, [%8]\n dsb\n isb\n"
      "vmov %0, s0\n vmov %1, s15\n vmov %2, s16\n vmrs %3, fpscr\n"
      : "=&r"(low), "=&r"(high), "=&r"(callee), "=&r"(flags)
      : "r"(0x3F800000), "r"(0x40000000), "r"(0x40400000), "r"(0x01000000), "r"(&NVIC_ISPR(1)),
        "r"(1u << 7)
      : "s0", "s15", "s16", "memory");
  __asm volatile("mrs %0, control" : "=r"(control));
  shared.out[0] = low;
  shared.out[1] = high;
  shared.out[2] = callee;
  shared.out[3] = flags;
  shared.out[5] = control;
}

// --- stack alignment: an interrupt while SP is only word aligned --------------------------------
__attribute__((noinline)) static void misaligned_stack(void) {
  uint32_t before, after;
  __asm volatile(
      "mov %0, sp\n"
      "sub sp, #4\n"
      "mov r0, #7\n mov r1, #8\n mov r3, #9\n"
      "svc #42\n"
      "add sp, #4\n"
      "mov %1, sp\n"
      : "=&r"(before), "=&r"(after)
      :
      : "r0", "r1", "r2", "r3", "r12", "lr", "memory");
  shared.out[0] = after - before;
}

static void vector_table_in_ram(void);

void run_case(uint32_t test_case) {
  switch (test_case) {
    case 0:
      shared.out[0] = call_svc(40, 2);
      break;
    case 1:
      nested();
      break;
    case 2:
      psp();
      break;
    case 3:
      enable_fpu();  // before fp_frame's prologue, which saves FP registers
      fp_frame();
      break;
    case 4:
      basepri();
      break;
    case 5:
      misaligned_stack();
      break;
    case 6:
      vector_table_in_ram();
      break;
  }
}

static void moved_handler(void) { shared.out[0] = 0x600D; }
static uint32_t table[128] __attribute__((aligned(512)));
static void vector_table_in_ram(void) {
  for (int i = 0; i < 114; i++) table[i] = REG(0x08000000 + 4 * i);
  table[11] = (uint32_t)moved_handler;
  SCB_VTOR = (uint32_t)table;
  __asm volatile("svc #1");
  shared.out[1] = SCB_VTOR == (uint32_t)table;
}
