// The hooks at every basic block and at breakpoints, for Unicorn; `user` is the machine.
#pragma once

#include "machine.h"

void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user);
void on_breakpoint(uc_engine *uc, uint64_t address, uint32_t size, void *user);
