// The FLASH controller: its registers at FLASH_REGISTERS, and the hook at stores to the array.
#pragma once

#include "machine.h"

uint32_t flash_register_read(machine_t *m, uint32_t offset);
void flash_register_write(machine_t *m, uint32_t offset, uint32_t value);
// For Unicorn; `user` is the machine.
bool on_flash_store(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                    void *user);

EXPORT void hil_flash_reset(machine_t *m);
