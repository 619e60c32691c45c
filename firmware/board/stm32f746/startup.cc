// From reset to main(): vector table, stack paint, FPU, RAM contents, static constructors.
#include <cstdint>

#include "board/stm32f746/fault.h"
#include "board/stm32f746/linker_symbols.h"
#include "board/stm32f746/stack.h"
#include "board/stm32f746/stm32f746.h"

int main();

extern "C" [[noreturn]] void Reset_Handler();

namespace hil::board {
namespace {

// ARMv7-M B1.5.3. No interrupt has a handler (interrupts.h): whatever is taken all the same is a
// fault.
struct VectorTable {
  uint32_t* initial_stack;
  void (*reset)();
  void (*nmi)();
  void (*hard_fault)();
  void (*mem_manage)();
  void (*bus_fault)();
  void (*usage_fault)();
  void (*reserved_7_to_10[4])();
  void (*sv_call)();
  void (*debug_monitor)();
  void (*reserved_13)();
  void (*pend_sv)();
  void (*sys_tick)();
  void (*interrupts[kInterruptCount])();
};

constexpr VectorTable MakeVectorTable() {
  VectorTable table{};
  table.initial_stack = __stack_top;
  table.reset = Reset_Handler;
  table.nmi = FaultEntry;
  table.hard_fault = FaultEntry;
  table.mem_manage = FaultEntry;
  table.bus_fault = FaultEntry;
  table.usage_fault = FaultEntry;
  table.sv_call = FaultEntry;
  table.debug_monitor = FaultEntry;
  table.pend_sv = FaultEntry;
  table.sys_tick = FaultEntry;
  for (auto& interrupt : table.interrupts) interrupt = FaultEntry;
  return table;
}

// VTOR wants a power of two that holds 114 entries: 512 bytes; it stands at 0x08000000 anyway.
__attribute__((section(".vectors"), used)) constexpr VectorTable kVectorTable = MakeVectorTable();

// Runs on the main stack with the FPU on; .data and .bss are not valid before the loops are done.
extern "C" [[noreturn, gnu::used, gnu::noinline]] void StartUp() {
  const uint32_t* load = __data_load;
  for (uint32_t* word = __data_start; word < __data_end; ++word) *word = *load++;
  for (uint32_t* word = __bss_start; word < __bss_end; ++word) *word = 0;
  for (uint32_t* word = __sram_start; word < __sram_end; ++word) *word = 0;
  for (const InitFunction* init = __init_array_start; init < __init_array_end; ++init) (*init)();
  main();
  __builtin_trap();  // main() never returns; a UsageFault in the record says so if it did
}

static_assert(kStackPaint == 0xC5C5C5C5, "Reset_Handler paints with this constant");

}  // namespace
}  // namespace hil::board

// In assembly because no compiled code may run before the FPU is on (GCC may use its registers
// for copying) and the stack cannot be painted while it is in use.
extern "C" [[gnu::naked]] void Reset_Handler() {
  asm volatile(
      "cpsid  i                     \n"  // until Init() has masked them
      "ldr    sp, =__stack_top      \n"  // a debugger may start here with any stack
      "ldr    r0, =0xE000ED88       \n"  // SCB_CPACR
      "ldr    r1, [r0]              \n"
      "orr    r1, r1, #0x00F00000   \n"  // full access to CP10, CP11
      "str    r1, [r0]              \n"
      "dsb                          \n"
      "isb                          \n"
      "ldr    r0, =__stack_bottom   \n"
      "ldr    r1, =__stack_top      \n"
      "ldr    r2, =0xC5C5C5C5       \n"
      "1:                           \n"
      "str    r2, [r0], #4          \n"
      "cmp    r0, r1                \n"
      "blo    1b                    \n"
      "b      StartUp               \n"
      ".ltorg                       \n");
}
