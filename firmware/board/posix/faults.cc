// Signals in the place of the core's faults: a crash leaves a record and restarts the program, so
// that the host sees what it would see of a board. SIGHUP is the reset button.
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstring>
#include <initializer_list>

#include "board/board.h"
#include "board/posix/posix.h"

namespace hil::board {
namespace {

constexpr uint32_t kMagic = 0x544C5546;  // "FULT"

// Bits of the ARMv7-M status registers that say about the same as the signal.
constexpr uint32_t kCfsrUndefinedInstruction = 1U << 16;
constexpr uint32_t kCfsrPreciseBusFault = 1U << 9 | 1U << 15;
constexpr uint32_t kHfsrForced = 1U << 30;

// In an anonymous file, which outlives execv().
struct Surviving {
  FaultRecord record;
  uint32_t count;
};
Surviving* surviving;
volatile uint32_t activity;

void OnSignal(int number, siginfo_t* info, void* context) {
  if (number == SIGHUP) Reboot();  // the reset button
  FaultRecord& record = surviving->record;
  std::memset(&record, 0, sizeof record);
  record.magic = kMagic;
  record.sequence = ++surviving->count;
  record.request = activity;
  record.hfsr = kHfsrForced;
  if (number == SIGILL) {
    record.cfsr = kCfsrUndefinedInstruction;
  } else {
    record.cfsr = kCfsrPreciseBusFault;
    record.bfar = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(info->si_addr));
  }
#if defined(__x86_64__)
  const auto* machine = static_cast<const ucontext_t*>(context);
  record.pc = static_cast<uint32_t>(machine->uc_mcontext.gregs[REG_RIP]);
  record.sp = static_cast<uint32_t>(machine->uc_mcontext.gregs[REG_RSP]);
#else
  static_cast<void>(context);
#endif
  Reboot();
}

}  // namespace

namespace posix {

void ArmFaults() {
  int file = InheritedDescriptor(kFaultVariable);
  if (file < 0) {
    file = memfd_create("fault", 0);
    if (file < 0 || ftruncate(file, sizeof(Surviving)) != 0) Die("memfd_create");
    PassOnDescriptor(kFaultVariable, file);
  }
  void* memory = mmap(nullptr, sizeof(Surviving), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) Die("mmap");
  surviving = static_cast<Surviving*>(memory);

  struct sigaction action {};
  action.sa_sigaction = OnSignal;
  // NODEFER: the signal would stay blocked in the restarted program.
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  for (const int number : {SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGHUP})
    sigaction(number, &action, nullptr);
}

}  // namespace posix

const FaultRecord* LastFault() {
  return surviving->record.magic == kMagic ? &surviving->record : nullptr;
}

void ClearFault() { surviving->record.magic = 0; }

void SetActivity(uint32_t new_activity) { activity = new_activity; }

}  // namespace hil::board
