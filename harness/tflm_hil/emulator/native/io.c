// Memory-mapped I/O: the FLASH registers are here, everything else goes to Python; polling shows.
#include "flash.h"

static void stop_at_fault(machine_t *m, uint32_t address) {
  if (m->state.io_fault != 0) {
    m->state.io_fault_address = address;
    uc_emu_stop(m->uc);  // leaves PC at the access, which is not retired: a precise fault
  }
}

// Reads that bring no news, close together in time: the firmware polls and could as well sleep.
static void note_read(machine_t *m, uint32_t address, uint32_t value) {
  state_t *s = &m->state;
  uint32_t slot = (address >> 2) % POLL_SLOTS;
  bool news = m->polls[slot].address != address || m->polls[slot].value != value;
  if (news || s->cycles - m->poll_cycles > 256) {
    m->polls[slot].address = address;
    m->polls[slot].value = value;
    m->poll_reads = 0;
  } else if (++m->poll_reads >= s->poll_limit && s->poll_limit != 0) {
    m->poll_reads = 0;
    s->polling = 1;
    s->stop = 1;
  }
  m->poll_cycles = s->cycles;
}

static uint64_t on_io_read(uc_engine *uc, uint64_t offset, unsigned size, void *user) {
  (void)uc;
  range_t *range = user;
  machine_t *m = range->machine;
  uint32_t address = range->base + (uint32_t)offset;
  if (address - FLASH_REGISTERS < 0x400) {
    uint32_t word = flash_register_read(m, address - FLASH_REGISTERS);
    return (word >> (8 * (address & 3))) & (uint32_t)((1ull << (8 * size)) - 1);
  }
  uint32_t value = m->state.io_read(address, size);
  note_read(m, address, value);
  stop_at_fault(m, address);
  return value;
}

static void on_io_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user) {
  (void)uc;
  range_t *range = user;
  machine_t *m = range->machine;
  uint32_t address = range->base + (uint32_t)offset;
  m->poll_reads = 0;
  if (address - FLASH_REGISTERS < 0x400) {
    flash_register_write(m, address - FLASH_REGISTERS, (uint32_t)value);
  } else {
    m->state.io_write(address, size, (uint32_t)value);
  }
  stop_at_fault(m, address);
}

EXPORT bool hil_map_io(machine_t *m, uint32_t base, uint32_t length) {
  if (m->range_count == MAX_IO_RANGES) return false;
  range_t *range = &m->ranges[m->range_count++];
  *range = (range_t){m, base};
  return uc_mmio_map(m->uc, base, length, on_io_read, range, on_io_write, range) == UC_ERR_OK;
}
