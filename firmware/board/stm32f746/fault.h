// Faults: what happened goes into memory that survives the reset that follows.
#pragma once

#include <cstdint>

namespace hil::board {

// The handler of every exception. Not callable: it expects an exception's stack frame.
extern "C" void FaultEntry();

// Each kind of fault is taken as itself, division by zero is one, and no floating-point state is
// stacked (nothing that interrupts ever returns).
void EnableFaults();

}  // namespace hil::board
