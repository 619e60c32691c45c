// The FLASH controller: its registers, and what stores to the array do (RM0385 section 3).
#include "flash.h"

#define CR_PG (1u << 0)
#define CR_SER (1u << 1)
#define CR_MER (1u << 2)
#define CR_STRT (1u << 16)
#define CR_EOPIE (1u << 24)
#define CR_LOCK (1u << 31)
#define CR_WRITABLE 0x8301037Fu
#define SR_EOP (1u << 0)
#define SR_PGAERR (1u << 5)
#define SR_PGPERR (1u << 6)
#define SR_ERSERR (1u << 7)
#define SR_BSY (1u << 16)
#define OPTCR_RESET 0xC0FFAAFDu
#define OPTCR1_RESET 0x00400080u

static void flash_complain(machine_t *m, uint32_t kind, uint32_t address) {
  state_t *s = &m->state;
  if (s->flash_findings >> kind & 1) return;
  uint32_t pc = 0;
  uc_reg_read(m->uc, UC_ARM_REG_PC, &pc);
  s->flash_findings |= 1u << kind;
  s->flash_finding_pc[kind] = pc;
  s->flash_finding_address[kind] = address;
  s->stop = 1;  // the core goes on after it was told
}

// A flash that is busy stalls whoever accesses it: virtual time jumps.
static void flash_wait(state_t *s) {
  if (s->cycles < s->flash_busy_until) {
    s->stall_cycles += s->flash_busy_until - s->cycles;
    s->cycles = s->flash_busy_until;
  }
}

static void flash_busy(state_t *s, uint64_t microseconds) {
  s->flash_busy_until = s->cycles + microseconds * (s->core_hz / 1000) / 1000;
  if (s->flash_cr & CR_EOPIE) s->flash_sr |= SR_EOP;
}

static void flash_touched(state_t *s, uint32_t low, uint32_t high) {
  if (low < s->flash_dirty_low) s->flash_dirty_low = low;
  if (high > s->flash_dirty_high) s->flash_dirty_high = high;
  s->checks |= kCheckDirty;
}

static void flash_program(machine_t *m, uint32_t offset, uint32_t size, uint64_t value) {
  state_t *s = &m->state;
  flash_wait(s);
  if ((s->flash_cr & CR_LOCK) || !(s->flash_cr & CR_PG)) {
    s->flash_sr |= SR_ERSERR;
    bool locked = s->flash_cr & CR_LOCK;
    flash_complain(m, locked ? kFlashWriteLocked : kFlashWriteNotPg, FLASH_AXI + offset);
    return;
  }
  uint32_t width = 1u << ((s->flash_cr >> 8) & 3);
  // x64 programming arrives as two words (STRD); the chip buffers the first.
  if (size != width && !(width == 8 && size == 4)) {
    s->flash_sr |= SR_PGPERR;
    flash_complain(m, kFlashWriteSize, FLASH_AXI + offset);
    return;
  }
  if (offset & (size - 1)) {
    s->flash_sr |= SR_PGAERR;
    return;
  }
  bool raised = false;
  for (uint32_t i = 0; i < size; i++) {
    uint8_t byte = (uint8_t)(value >> (8 * i));
    raised |= (byte & ~s->flash[offset + i]) != 0;
    s->flash[offset + i] &= byte;  // NOR: only an erase gives ones
  }
  if (raised) flash_complain(m, kFlashNotErased, FLASH_AXI + offset);
  flash_touched(s, offset, offset + size);
  flash_busy(s, 16);  // typical, any width
}

static void flash_erase(machine_t *m, uint32_t control) {
  static const uint32_t kStart[9] = {0,       0x8000,  0x10000, 0x18000,   0x20000,
                                     0x40000, 0x80000, 0xC0000, FLASH_SIZE};
  state_t *s = &m->state;
  if (control & CR_MER) {
    memset(s->flash, 0xFF, FLASH_SIZE);
    flash_touched(s, 0, FLASH_SIZE);
    flash_busy(s, 8000000);
    return;
  }
  uint32_t sector = (control >> 3) & 0xF;
  if (!(control & CR_SER) || (control & CR_PG) || sector >= 8) {
    s->flash_sr |= SR_ERSERR;
    return;
  }
  uint32_t length = kStart[sector + 1] - kStart[sector];
  memset(s->flash + kStart[sector], 0xFF, length);
  flash_touched(s, kStart[sector], kStart[sector + 1]);
  flash_busy(s, length == 0x8000 ? 250000 : length == 0x20000 ? 1000000 : 2000000);
}

uint32_t flash_register_read(machine_t *m, uint32_t offset) {
  state_t *s = &m->state;
  switch (offset & ~3u) {
    case 0x00:
      return s->flash_acr;
    case 0x0C: {
      uint32_t busy = s->cycles < s->flash_busy_until ? SR_BSY : 0;
      flash_wait(s);  // whoever polls BSY waits for nothing else
      return s->flash_sr | busy;
    }
    case 0x10:
      return s->flash_cr;
    case 0x14:
      return OPTCR_RESET;
    case 0x18:
      return OPTCR1_RESET;
    default:
      return 0;  // KEYR and OPTKEYR are write-only
  }
}

static void flash_key(machine_t *m, uint32_t value) {
  state_t *s = &m->state;
  if (m->flash_key_state == 0 && value == 0x45670123u) {
    m->flash_key_state = 1;
  } else if (m->flash_key_state == 1 && value == 0xCDEF89ABu) {
    m->flash_key_state = 0;
    s->flash_cr &= ~CR_LOCK;
  } else {
    m->flash_key_state = 2;
    s->io_fault = 1;
    flash_complain(m, kFlashWrongKey, FLASH_REGISTERS + 4);
  }
}

void flash_register_write(machine_t *m, uint32_t offset, uint32_t value) {
  state_t *s = &m->state;
  switch (offset) {
    case 0x00:
      s->flash_acr = value & 0xB0F;
      break;
    case 0x04:
      flash_key(m, value);
      break;
    case 0x0C:
      s->flash_sr &= ~(value & 0xF3);
      break;
    case 0x10:
      if (s->flash_cr & CR_LOCK) {
        // Locking again is harmless; anything else was meant to do something.
        if (!(value & CR_LOCK)) flash_complain(m, kFlashControlLocked, FLASH_REGISTERS + 0x10);
        break;
      }
      flash_wait(s);
      s->flash_cr = value & CR_WRITABLE & ~CR_STRT;
      if (value & CR_STRT) flash_erase(m, value);
      break;
    case 0x14:
      flash_complain(m, kFlashOptionBytes, FLASH_REGISTERS + 0x14);
      break;
    default:
      break;
  }
}

// A store to flash by the core. The mapping is read-only, and returning true drops the store.
bool on_flash_store(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                    void *user) {
  (void)uc;
  (void)type;
  uint32_t at = (uint32_t)address;
  uint32_t base = at - FLASH_AXI < FLASH_SIZE ? FLASH_AXI : FLASH_ITCM;
  if (at - base >= FLASH_SIZE) return false;
  flash_program(user, at - base, (uint32_t)size, (uint64_t)value);
  return true;
}

EXPORT void hil_flash_reset(machine_t *m) {
  state_t *s = &m->state;
  s->flash_acr = 0;
  s->flash_cr = CR_LOCK;
  s->flash_sr = 0;
  s->flash_busy_until = 0;
  m->flash_key_state = 0;
}

// A debugger's or bus master's access to the FLASH registers and to flash itself.
EXPORT uint32_t hil_flash_read(machine_t *m, uint32_t offset) {
  return flash_register_read(m, offset);
}
EXPORT void hil_flash_write(machine_t *m, uint32_t offset, uint32_t value) {
  flash_register_write(m, offset, value);
}
EXPORT void hil_flash_store(machine_t *m, uint32_t offset, uint32_t size, uint32_t value) {
  flash_program(m, offset, size, value);
}
