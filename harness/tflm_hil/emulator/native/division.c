// Division by zero while CCR.DIV_0_TRP is set (DDI 0403E, A7.7.127 SDIV, A7.7.195 UDIV).
//
// Unicorn puts 0 into the result whatever CCR says. So each division that is about to run for the
// first time gets a hook of its own, and its block is translated again to have it called. Divisions
// are rare next to what surrounds them: that costs nothing one could measure.
#include "division.h"

#include "instructions.h"

static const uint8_t kAlways = 14;

static bool condition_holds(uint32_t condition, uint32_t flags) {
  bool n = flags >> 31 & 1, z = flags >> 30 & 1, c = flags >> 29 & 1, v = flags >> 28 & 1;
  bool holds;
  switch (condition >> 1) {
    case 0:
      holds = z;
      break;
    case 1:
      holds = c;
      break;
    case 2:
      holds = n;
      break;
    case 3:
      holds = v;
      break;
    case 4:
      holds = c && !z;
      break;
    case 5:
      holds = n == v;
      break;
    case 6:
      holds = n == v && !z;
      break;
    default:
      return true;
  }
  return holds != (condition & 1);
}

static uint32_t core_register(machine_t *m, uint32_t number) {
  static const int kNumbers[16] = {UC_ARM_REG_R0,  UC_ARM_REG_R1, UC_ARM_REG_R2,  UC_ARM_REG_R3,
                                   UC_ARM_REG_R4,  UC_ARM_REG_R5, UC_ARM_REG_R6,  UC_ARM_REG_R7,
                                   UC_ARM_REG_R8,  UC_ARM_REG_R9, UC_ARM_REG_R10, UC_ARM_REG_R11,
                                   UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR,  UC_ARM_REG_PC};
  uint32_t value = 0;
  uc_reg_read(m->uc, kNumbers[number], &value);
  return value;
}

// Before the division at `address`, which may be another one since the code has changed.
static void on_division(uc_engine *uc, uint64_t address, uint32_t size, void *user) {
  (void)size;
  division_t *division = user;
  machine_t *m = division->machine;
  uint16_t code[2];
  if (!m->trap_division || uc_mem_read(uc, address, code, sizeof code) != UC_ERR_OK) return;
  if (!is_division(code[0], code[1]) || core_register(m, code[1] & 0xF) != 0) return;
  uint32_t flags = 0;
  uc_reg_read(uc, UC_ARM_REG_APSR_NZCV, &flags);
  if (!condition_holds(division->condition, flags)) return;
  halt_within_block(m, kReasonDivision, (uint32_t)address);
}

static void watch_division(machine_t *m, uint32_t address, uint32_t condition) {
  for (uint32_t i = 0; i < m->division_count; i++) {
    if (m->divisions[i].address == address) return;
  }
  if (m->division_count == MAX_DIVISIONS) return;
  division_t *division = &m->divisions[m->division_count++];
  *division = (division_t){m, address, condition, 0};
  add_hook(m, &division->hook, UC_HOOK_CODE, POINTER(on_division), division, address, address);
}

// The instructions of one block, with the IT state that each runs under (A7.3.3).
static void watch_divisions_of(machine_t *m, uint32_t pc, uint32_t size, const uint8_t *code) {
  uint32_t it = 0;
  for (uint32_t i = 0; i + 2 <= size;) {
    uint16_t first = halfword(code + i);
    bool wide = is_wide(first);
    if (wide && i + 4 <= size) {
      if (is_division(first, halfword(code + i + 2)))
        watch_division(m, pc + i, it != 0 ? it >> 4 : kAlways);
    }
    if ((first & 0xFF00) == 0xBF00 && (first & 0xF) != 0) {
      it = first & 0xFF;
    } else {
      it = (it & 7) != 0 ? (it & 0xE0) | (it << 1 & 0x1F) : 0;
    }
    i += wide ? 4 : 2;
  }
}

bool stopped_to_watch(machine_t *m, uint32_t pc, uint32_t size, const uint8_t *code) {
  if (!m->trap_division || m->watched_count == MAX_WATCHED) return false;
  uint64_t key = (uint64_t)size << 32 | pc;
  for (uint32_t i = 0; i < m->watched_count; i++) {
    if (m->watched[i] == key) return false;
  }
  m->watched[m->watched_count++] = key;
  watch_divisions_of(m, pc, size, code);
  halt(m, kReasonRetranslate, size);
  return true;
}

// CCR.DIV_0_TRP has changed.
EXPORT void hil_trap_division(machine_t *m, bool on) {
  if (m->trap_division == on) return;
  m->trap_division = on;
  hil_forget_blocks(m);
}
