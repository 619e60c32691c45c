// MPU and L1 caches.
#pragma once

namespace hil::board {

// MPU regions (guards, and the non-cacheable SRAM2), then both caches, emptied first.
void StartMemorySystem();

// Empties caches and branch predictor. Dirty lines are written back.
void FlushMemorySystem();

}  // namespace hil::board
