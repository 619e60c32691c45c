#include "board/stm32f746/fault.h"

#include <cstddef>

#include "board/board.h"
#include "board/stm32f746/cortex_m7.h"

namespace hil::board {
namespace {

constexpr uint32_t kFaultMagic = 0x544C4146;  // "FALT"
constexpr uint32_t kRamStart = 0x20000000;
constexpr uint32_t kRamEnd = 0x20050000;
constexpr uint32_t kUnknown = 0xDEADDEAD;  // a register that could not be saved

// ARMv7-M B1.5.6: what the core pushes on exception entry.
struct StackFrame {
  uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

// What FaultEntry saves before compiled code runs.
struct SavedRegisters {
  uint32_t r4_to_r11[8];
  uint32_t exc_return;
};

uint32_t activity;

// Bit by bit, without a table: runs once, and trusts as little memory as it can. Same polynomial
// and result as zlib.crc32.
uint32_t UpdateCrc32(uint32_t crc, Span<const uint8_t> bytes) {
  crc = ~crc;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

}  // namespace

// Neither start-up nor flashing writes here.
struct SurvivingMemory {
  FaultRecord record;
  uint32_t faults;           // since power-on: goes on counting when the record is cleared
  uint32_t faults_inverted;  // ~faults; after power-on it is not
};

extern "C" {
// C names: the assembly below and a probe look them up.
[[gnu::used]] SavedRegisters hil_fault_registers;
[[gnu::used, gnu::section(".surviving")]] SurvivingMemory hil_surviving;
}

namespace {

uint32_t RecordCrc() {
  const auto* record = reinterpret_cast<const uint8_t*>(&hil_surviving.record);
  // The build-id counts in: after flashing another firmware, a record's pc means nothing.
  return UpdateCrc32(UpdateCrc32(0, {record, offsetof(FaultRecord, crc32)}), BuildId());
}

bool RecordValid() {
  return hil_surviving.record.magic == kFaultMagic && hil_surviving.record.crc32 == RecordCrc();
}

uint32_t CountFault() {
  const bool counting = hil_surviving.faults == ~hil_surviving.faults_inverted;
  hil_surviving.faults = counting ? hil_surviving.faults + 1 : 1;
  hil_surviving.faults_inverted = ~hil_surviving.faults;
  return hil_surviving.faults;
}

// The push itself can fail, on a stack that has overflowed; the frame is then not there.
bool FrameReadable(uint32_t frame_address, uint32_t cfsr) {
  return (cfsr & (SCB_CFSR::MSTKERR | SCB_CFSR::STKERR)) == 0 && frame_address % 4 == 0 &&
         frame_address >= kRamStart && frame_address <= kRamEnd - sizeof(StackFrame);
}

extern "C" [[noreturn, gnu::used]] void RecordFault(uint32_t frame_address) {
  FaultRecord& record = hil_surviving.record;
  const uint32_t cfsr = SCB_CFSR::Read();

  StackFrame frame{kUnknown, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown, kUnknown};
  uint32_t sp = frame_address;
  if (FrameReadable(frame_address, cfsr)) {
    frame = *reinterpret_cast<const StackFrame*>(frame_address);
    // Bit 9: a word was skipped to align the frame to 8 bytes.
    sp = frame_address + sizeof(StackFrame) + ((frame.xpsr & Bit(9)) != 0 ? 4 : 0);
  }

  record.magic = kFaultMagic;
  record.sequence = CountFault();
  record.r[0] = frame.r0;
  record.r[1] = frame.r1;
  record.r[2] = frame.r2;
  record.r[3] = frame.r3;
  for (int i = 0; i < 8; ++i) record.r[4 + i] = hil_fault_registers.r4_to_r11[i];
  record.r[12] = frame.r12;
  record.sp = sp;
  record.lr = frame.lr;
  record.pc = frame.pc;
  record.xpsr = frame.xpsr;
  record.exc_return = hil_fault_registers.exc_return;
  record.cfsr = cfsr;
  record.hfsr = SCB_HFSR::Read();
  record.mmfar = SCB_MMFAR::Read();
  record.bfar = SCB_BFAR::Read();
  record.dfsr = SCB_DFSR::Read();
  record.request = activity;
  record.crc32 = RecordCrc();
  Reboot();
}

}  // namespace

// r0: the frame's address, on the stack that was in use. The stack pointer is replaced before
// anything is called, because a stack overflow is one of the faults.
extern "C" [[gnu::naked]] void FaultEntry() {
  asm volatile(
      "mrs    r0, msp                   \n"
      "tst    lr, #4                    \n"
      "it     ne                        \n"
      "mrsne  r0, psp                   \n"
      "ldr    r1, =hil_fault_registers  \n"
      "stmia  r1!, {r4-r11}             \n"
      "str    lr, [r1]                  \n"
      "ldr    r2, =__fault_stack_top    \n"
      "msr    msp, r2                   \n"
      "b      RecordFault               \n"
      ".ltorg                           \n");
}

void EnableFaults() {
  SCB_SHCSR::Set(SCB_SHCSR::MEMFAULTENA | SCB_SHCSR::BUSFAULTENA | SCB_SHCSR::USGFAULTENA);
  SCB_CCR::Set(SCB_CCR::DIV_0_TRP);
  FPU_FPCCR::Clear(FPU_FPCCR::ASPEN | FPU_FPCCR::LSPEN);
  Dsb();
  Isb();
}

const FaultRecord* LastFault() { return RecordValid() ? &hil_surviving.record : nullptr; }

void ClearFault() { hil_surviving.record.magic = 0; }

void SetActivity(uint32_t value) { activity = value; }

void Reboot() {
  Dsb();  // the record has landed
  SCB_AIRCR::Write(SCB_AIRCR::VECTKEY | (SCB_AIRCR::Read() & SCB_AIRCR::PRIGROUP) |
                   SCB_AIRCR::SYSRESETREQ);
  Dsb();
  while (true) {
  }
}

}  // namespace hil::board
