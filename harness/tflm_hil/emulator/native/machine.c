// Stopping a machine, and knowing where its code is.
#include "machine.h"

void halt(machine_t *m, uint32_t reason, uint32_t detail) {
  m->state.reason = reason;
  m->state.detail = detail;
  m->state.block = NO_BLOCK;
  uc_emu_stop(m->uc);
}

void halt_within_block(machine_t *m, uint32_t reason, uint32_t detail) {
  block_t block = m->state.block;
  halt(m, reason, detail);
  m->state.block = block;
}

const region_t *find_region(const machine_t *m, uint32_t address) {
  for (uint32_t i = 0; i < m->region_count; i++) {
    const region_t *r = &m->regions[i];
    if (address - r->base < r->length) return r;
  }
  return NULL;
}

uint8_t *code_page(machine_t *m, const region_t *r, uint32_t address) {
  return &m->has_code[r - m->regions][(address - r->base) >> 12];
}

EXPORT void hil_forget_blocks(machine_t *m) {
  memset(m->blocks, 0xFF, sizeof m->blocks);  // NO_BLOCK
  memset(m->has_code, 0, sizeof m->has_code);
  m->watched_count = 0;
  m->state.block = NO_BLOCK;
}

// True if code was executed from these bytes' pages since hil_forget_blocks.
EXPORT bool hil_has_code(machine_t *m, uint32_t address, uint32_t length) {
  const region_t *r = find_region(m, address);
  if (r == NULL || length == 0) return false;
  uint32_t last = address + length - 1;
  if (last - r->base >= r->length) last = r->base + r->length - 1;
  for (const uint8_t *page = code_page(m, r, address); page <= code_page(m, r, last); page++) {
    if (*page) return true;
  }
  return false;
}
