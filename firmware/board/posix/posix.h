// The parts of the POSIX board among themselves.
//
// Settings come from the environment, since a board has no command line:
//   HIL_POSIX_SLOT   file that stands for the model slot; without it the slot is erased
//   HIL_POSIX_LINK   where to put a symbolic link to the tty (its path is printed, too)
// A reset is a fresh start of the same program (execv). What survives it, the tty and the fault
// record, travels in inherited file descriptors named by
//   HIL_POSIX_TTY_FD, HIL_POSIX_FAULT_FD
#pragma once

namespace hil::board::posix {

inline constexpr char kSlotVariable[] = "HIL_POSIX_SLOT";
inline constexpr char kLinkVariable[] = "HIL_POSIX_LINK";
inline constexpr char kTtyVariable[] = "HIL_POSIX_TTY_FD";
inline constexpr char kFaultVariable[] = "HIL_POSIX_FAULT_FD";

// The descriptor that `variable` names, or -1: then this is not a restart.
int InheritedDescriptor(const char* variable);
void PassOnDescriptor(const char* variable, int descriptor);
[[noreturn]] void Die(const char* what);

void OpenSerial();
void ArmFaults();
bool IsRestart();

}  // namespace hil::board::posix
