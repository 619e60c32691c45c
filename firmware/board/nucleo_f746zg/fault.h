// Faults: what happened goes into memory that survives the reset that follows.
#pragma once

#include <cstdint>

namespace hil::board {

// The handler of every exception. Not callable: it expects an exception's stack frame.
extern "C" void FaultEntry();

// Faults get their own status bits, division by zero faults, and no floating-point state is
// stacked (nothing that interrupts ever returns).
void EnableFaults();

}  // namespace hil::board
