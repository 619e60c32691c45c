// Division by zero while CCR.DIV_0_TRP is set.
#pragma once

#include "machine.h"

// Sees to the hooks of a block with divisions; true if the core stops to translate it again.
bool stopped_to_watch(machine_t *m, uint32_t pc, uint32_t size, const uint8_t *code);
