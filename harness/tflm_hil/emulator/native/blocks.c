// Basic blocks: counted at their first instruction, with everything that may stop the core there.
#include "blocks.h"

#include "division.h"
#include "instructions.h"

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline uint32_t block_slot(uint32_t pc) {
  return ((pc >> 1) ^ (pc >> 14)) & (BLOCK_SLOTS - 1);
}

static const uint8_t *host_address(const machine_t *m, uint32_t address) {
  const region_t *r = find_region(m, address);
  return r == NULL ? NULL : r->host + (address - r->base);
}

static const uint16_t kSev = 0xBF40;

typedef struct {
  uint32_t count;
  bool fp, sev, division;
} contents_t;

static contents_t scan(machine_t *m, uint32_t pc, uint32_t size) {
  contents_t contents = {size / 2, false, false, false};
  const region_t *region = find_region(m, pc);
  if (region == NULL || size == 0) return contents;
  const uint8_t *code = region->host + (pc - region->base);
  *code_page(m, region, pc) = 1;
  *code_page(m, region, pc + size - 1) = 1;
  contents.count = 0;
  for (uint32_t i = 0; i < size; contents.count++) {
    uint16_t first = halfword(code + i);
    if (is_wide(first)) {
      uint16_t second = halfword(code + i + 2);
      contents.fp |= is_fp(first, second);
      contents.division |= is_division(first, second);
      i += 4;
    } else {
      contents.sev |= first == kSev;
      i += 2;
    }
  }
  return contents;
}

static uint32_t first_fp(const machine_t *m, uint32_t pc, uint32_t size) {
  const uint8_t *code = host_address(m, pc);
  uint32_t i = 0;
  while (i + 4 <= size) {
    uint16_t first = halfword(code + i);
    if (is_wide(first)) {
      if (is_fp(first, halfword(code + i + 2))) break;
      i += 4;
    } else {
      i += 2;
    }
  }
  return pc + i;
}

// PRIMASK, FAULTMASK and BASEPRI are looked at here: MSR and CPS end a block.
static bool interrupt_allowed(machine_t *m) {
  uint32_t primask = 0, faultmask = 0, basepri = 0;
  uc_reg_read(m->uc, UC_ARM_REG_PRIMASK, &primask);
  uc_reg_read(m->uc, UC_ARM_REG_FAULTMASK, &faultmask);
  uc_reg_read(m->uc, UC_ARM_REG_BASEPRI, &basepri);
  if ((primask | faultmask) & 1) return false;
  return (basepri & 0xFF) == 0 || m->state.irq_priority < (basepri & 0xFF);
}

static bool in_flash(uint32_t pc) {
  return pc - FLASH_AXI < FLASH_SIZE || pc - FLASH_ITCM < FLASH_SIZE;
}

static bool stopped_by_check(machine_t *m, uint32_t pc, uint32_t size) {
  state_t *s = &m->state;
  if (s->checks & kCheckStepping) {
    s->cycles += 1;
    m->state.block = NO_BLOCK;
    return true;
  }
  if ((s->checks & kCheckDirty) && in_flash(pc)) {
    halt(m, kReasonDirty, pc);
    return true;
  }
  if ((s->checks & kCheckInterrupt) && interrupt_allowed(m)) {
    halt(m, kReasonInterrupt, pc);
    return true;
  }
  if ((s->checks & kCheckFpuOff) && scan(m, pc, size).fp) {
    halt(m, kReasonFpuOff, first_fp(m, pc, size));
    return true;
  }
  return false;
}

// Everything but the common case: something to look at, or a block that was not seen before.
static __attribute__((noinline)) void on_special_block(machine_t *m, uint32_t pc, uint32_t size) {
  state_t *s = &m->state;
  if (s->checks && stopped_by_check(m, pc, size)) return;
  if (s->stop) {
    halt(m, kReasonStop, pc);
    return;
  }
  if (s->cycles >= s->deadline) {
    halt(m, kReasonDeadline, pc);
    return;
  }
  contents_t contents = scan(m, pc, size);
  if (contents.division && stopped_to_watch(m, pc, size, host_address(m, pc))) return;
  block_t block = block_key(pc, size) | (uint64_t)contents.count << 48;
  if (contents.sev) {
    s->event = 1;  // and is not remembered, to come here again
  } else {
    m->blocks[block_slot(pc)] = block;
  }
  s->cycles += contents.count;
  s->block = block;
}

void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user) {
  (void)uc;
  machine_t *m = user;
  state_t *s = &m->state;
  uint32_t pc = (uint32_t)address;
  block_t block = m->blocks[block_slot(pc)];
  bool known = is_block(block, block_key(pc, size));
  if (UNLIKELY(!known || (s->stop | s->checks) != 0 || s->cycles >= s->deadline)) {
    on_special_block(m, pc, size);
    return;
  }
  s->cycles += block_count(block);
  s->block = block;
}

void on_breakpoint(uc_engine *uc, uint64_t address, uint32_t size, void *user) {
  (void)uc;
  (void)size;
  machine_t *m = user;
  if (m->state.checks & kCheckStepping) return;
  halt_within_block(m, kReasonBreakpoint, (uint32_t)address);
}

// After the core stopped at `pc`: takes back what the block hook counted and was not executed.
EXPORT void hil_settle(machine_t *m, uint32_t pc) {
  block_t block = m->state.block;
  if (block == NO_BLOCK) return;
  uint32_t start = (uint32_t)block, size = (uint32_t)(block >> 32) & 0xFFFF;
  if (pc - start >= size) return;
  m->state.cycles -= block_count(block) - scan(m, start, pc - start).count;
  m->state.block = NO_BLOCK;
}
