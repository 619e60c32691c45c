// The emulated core's hot path: everything that happens too often for Python.
//
//  - a hook at every basic block: counts instructions, honours the deadline of virtual time and
//    the stop flag, sees pending interrupts, catches FP instructions while the FPU is off;
//  - memory-mapped I/O: the FLASH registers and polling detection; all else goes to Python;
//  - stores to flash, which program it as the FLASH registers say.
//
// Unicorn is only ever stopped from inside the block hook or a breakpoint hook, on the thread that
// runs it: stopping it elsewhere leaves the program counter at a load or store that already took
// place (it would run twice). Other threads set `stop` and wait.
//
// Sources: ARMv7-M Architecture Reference Manual (DDI 0403E), RM0385 section 3 (embedded flash),
// STM32F746 datasheet table 42 (programming and erase times). No Python is involved: loaded with
// ctypes, Unicorn's symbols are resolved from the library that the Python package has loaded.
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#define EXPORT __attribute__((visibility("default")))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

// --- shared with harness/emulator/native/library.py -------------------------------------------

enum {  // why the core was stopped
  kReasonNone,
  kReasonStop,        // asked to by another thread or by an I/O callback
  kReasonDeadline,    // virtual time reached `deadline`
  kReasonBreakpoint,  // a hardware breakpoint, before its instruction
  kReasonInterrupt,   // a pending exception preempts
  kReasonFpuOff,      // the next FP instruction, at `detail`, is in this block
  kReasonDirty,       // flash was programmed or erased and is about to be executed
};

enum {  // bits of `checks`: what the block hook has to look at
  kCheckInterrupt = 1,
  kCheckFpuOff = 2,
  kCheckDirty = 4,
  kCheckStepping = 8,
};

enum {                  // kinds of flash findings
  kFlashWriteLocked,    // store to flash while FLASH_CR is locked
  kFlashWriteNotPg,     // ... while PG is 0
  kFlashWriteSize,      // ... of another width than PSIZE says
  kFlashNotErased,      // programming would have to turn a 0 into a 1
  kFlashControlLocked,  // store to FLASH_CR while it is locked
  kFlashWrongKey,       // wrong unlock sequence: a bus error, locked until the next reset
  kFlashOptionBytes,    // option byte programming is not modelled
  FLASH_KINDS
};

typedef uint32_t (*io_read_fn)(uint32_t address, uint32_t size);
typedef void (*io_write_fn)(uint32_t address, uint32_t size, uint32_t value);

#define BLOCK_SLOTS (1u << 13)
#define NO_BLOCK UINT64_MAX

// A basic block and its number of instructions in one word, for one load and one comparison in
// the hook: pc in bits 31..0, size in bytes in 47..32, count in 63..48.
typedef uint64_t block_t;

static inline block_t block_key(uint32_t pc, uint32_t size) { return (uint64_t)size << 32 | pc; }
static inline uint32_t block_count(block_t block) { return (uint32_t)(block >> 48); }
static inline bool is_block(block_t block, block_t key) { return ((block ^ key) << 16) == 0; }
static inline uint32_t block_slot(uint32_t pc) {
  return ((pc >> 1) ^ (pc >> 14)) & (BLOCK_SLOTS - 1);
}

#define MAX_REGIONS 8
#define POLL_SLOTS 16

typedef struct {
  uint32_t base, length;
  uint8_t *host;
} region_t;

typedef struct {
  // Written by any thread, read at block boundaries.
  volatile uint32_t stop;
  // Everything below belongs to the thread that runs the core (or holds the machine's lock).
  uint32_t checks;
  uint64_t cycles;        // since power-on, sleep and stalls included
  uint64_t deadline;      // value of `cycles` at which to stop
  block_t block;          // that runs and was counted in full, NO_BLOCK if none was
  uint64_t stall_cycles;  // of them: waiting for the flash controller
  uint32_t reason;
  uint32_t detail;
  uint32_t irq_priority;  // of the most urgent pending exception [0..255]
  uint32_t event;         // the event register of WFE/SEV
  uint32_t io_fault;      // the I/O access that runs gets a BusFault
  uint32_t io_fault_address;
  uint32_t watch_hit;  // comparator number + 1
  uint32_t watch_address;
  uint32_t poll_limit;  // reads without news before `polling` is set; 0 = never
  uint32_t polling;     // the same I/O values were read many times in a row
  uint32_t core_hz;
  // FLASH
  uint32_t flash_acr, flash_cr, flash_sr;
  uint32_t flash_dirty_low, flash_dirty_high;  // offsets; low >= high means clean
  uint32_t flash_findings;                     // bit n: kind n happened, first where n says below
  uint32_t flash_finding_pc[FLASH_KINDS], flash_finding_address[FLASH_KINDS];
  uint64_t flash_busy_until;  // in cycles
  // Set once at start-up.
  io_read_fn io_read;
  io_write_fn io_write;
  uint8_t *flash;
} state_t;

// --- private ------------------------------------------------------------------------------------

typedef struct machine machine_t;

typedef struct {
  machine_t *machine;
  uint32_t base;
} range_t;

#define MAX_IO_RANGES 64
#define FLASH_SIZE 0x100000u
#define FLASH_AXI 0x08000000u
#define FLASH_ITCM 0x00200000u
#define FLASH_REGISTERS 0x40023C00u

struct machine {
  state_t state;  // first: the address of the machine is the address of its state
  uc_engine *uc;
  block_t blocks[BLOCK_SLOTS];
  region_t regions[MAX_REGIONS];
  uint32_t region_count;
  uint8_t has_code[MAX_REGIONS][256];  // by 4 KB page: code was executed there
  range_t ranges[MAX_IO_RANGES];
  uint32_t range_count;
  struct {
    uint32_t address, value;
  } polls[POLL_SLOTS];
  uint32_t poll_reads;
  uint64_t poll_cycles;
  uint32_t flash_key_state;  // 0 locked, 1 first key seen, 2 wrong key: until reset
};

static void halt(machine_t *m, uint32_t reason, uint32_t detail) {
  m->state.reason = reason;
  m->state.detail = detail;
  m->state.block = NO_BLOCK;
  uc_emu_stop(m->uc);
}

static const region_t *find_region(const machine_t *m, uint32_t address) {
  for (uint32_t i = 0; i < m->region_count; i++) {
    const region_t *r = &m->regions[i];
    if (address - r->base < r->length) return r;
  }
  return NULL;
}

static const uint8_t *host_address(const machine_t *m, uint32_t address) {
  const region_t *r = find_region(m, address);
  return r == NULL ? NULL : r->host + (address - r->base);
}

static uint8_t *code_page(machine_t *m, const region_t *r, uint32_t address) {
  return &m->has_code[r - m->regions][(address - r->base) >> 12];
}

static uint16_t halfword(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

static bool is_wide(uint16_t first) { return (first >> 11) >= 0x1D; }

// Coprocessor 10 and 11 are the FPU (DDI 0403E, A5.3.18 and A6).
static bool is_fp(uint16_t first, uint16_t second) {
  return (first & 0xEC00) == 0xEC00 && ((second >> 8) & 0xE) == 0xA;
}

static const uint16_t kSev = 0xBF40;

typedef struct {
  uint32_t count;
  bool fp, sev;
} contents_t;

static contents_t scan(machine_t *m, uint32_t pc, uint32_t size) {
  contents_t found = {size / 2, false, false};
  const region_t *region = find_region(m, pc);
  if (region == NULL || size == 0) return found;
  const uint8_t *code = region->host + (pc - region->base);
  *code_page(m, region, pc) = 1;
  *code_page(m, region, pc + size - 1) = 1;
  found.count = 0;
  for (uint32_t i = 0; i < size; found.count++) {
    uint16_t first = halfword(code + i);
    if (is_wide(first)) {
      found.fp |= is_fp(first, halfword(code + i + 2));
      i += 4;
    } else {
      found.sev |= first == kSev;
      i += 2;
    }
  }
  return found;
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
  block_t block = block_key(pc, size) | (uint64_t)contents.count << 48;
  if (contents.sev) {
    s->event = 1;  // and is not remembered, to come here again
  } else {
    m->blocks[block_slot(pc)] = block;
  }
  s->cycles += contents.count;
  s->block = block;
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user) {
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

static void on_breakpoint(uc_engine *uc, uint64_t address, uint32_t size, void *user) {
  (void)uc;
  (void)size;
  machine_t *m = user;
  if (m->state.checks & kCheckStepping) return;
  block_t block = m->state.block;
  halt(m, kReasonBreakpoint, (uint32_t)address);
  m->state.block = block;  // the block was counted in full: hil_settle takes the rest back
}

// The access completes; the core stops at the next block, as the real one does a little later.
typedef struct {
  machine_t *machine;
  uint32_t number;
} watch_t;

static void on_watch(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                     void *user) {
  (void)uc;
  (void)type;
  (void)size;
  (void)value;
  watch_t *watch = user;
  state_t *s = &watch->machine->state;
  s->watch_hit = watch->number + 1;
  s->watch_address = (uint32_t)address;
  s->stop = 1;
}

// --- FLASH controller ---------------------------------------------------------------------------

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

static uint32_t flash_register_read(machine_t *m, uint32_t offset) {
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

static void flash_register_write(machine_t *m, uint32_t offset, uint32_t value) {
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
static bool on_flash_store(uc_engine *uc, uc_mem_type type, uint64_t address, int size,
                           int64_t value, void *user) {
  (void)uc;
  (void)type;
  uint32_t at = (uint32_t)address;
  uint32_t base = at - FLASH_AXI < FLASH_SIZE ? FLASH_AXI : FLASH_ITCM;
  if (at - base >= FLASH_SIZE) return false;
  flash_program(user, at - base, (uint32_t)size, (uint64_t)value);
  return true;
}

// --- memory-mapped I/O --------------------------------------------------------------------------

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

// --- what Python calls --------------------------------------------------------------------------

static uc_err add_hook(machine_t *m, uc_hook *hook, int type, void *callback, void *user,
                       uint64_t begin, uint64_t end) {
  return uc_hook_add(m->uc, hook, type, callback, user, begin, end);
}

// A function pointer to void *, as Unicorn's variadic hook interface wants it.
static void *pointer_of(void (*function)(void)) {
  void *pointer;
  memcpy(&pointer, &function, sizeof pointer);
  return pointer;
}
#define POINTER(f) pointer_of((void (*)(void))(f))

EXPORT void hil_forget_blocks(machine_t *m) {
  memset(m->blocks, 0xFF, sizeof m->blocks);  // NO_BLOCK
  memset(m->has_code, 0, sizeof m->has_code);
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

EXPORT void hil_flash_reset(machine_t *m) {
  state_t *s = &m->state;
  s->flash_acr = 0;
  s->flash_cr = CR_LOCK;
  s->flash_sr = 0;
  s->flash_busy_until = 0;
  m->flash_key_state = 0;
}

EXPORT machine_t *hil_new(uc_engine *uc, uint8_t *flash) {
  machine_t *m = calloc(1, sizeof *m);
  if (m == NULL) return NULL;
  m->uc = uc;
  m->state.flash = flash;
  m->state.deadline = UINT64_MAX;
  m->state.core_hz = 16000000;
  m->state.flash_dirty_low = UINT32_MAX;
  hil_forget_blocks(m);
  hil_flash_reset(m);
  uc_hook block, store;
  if (add_hook(m, &block, UC_HOOK_BLOCK, POINTER(on_block), m, 1, 0) != UC_ERR_OK ||
      add_hook(m, &store, UC_HOOK_MEM_WRITE_PROT, POINTER(on_flash_store), m, 1, 0) != UC_ERR_OK) {
    free(m);
    return NULL;
  }
  return m;
}

EXPORT void hil_delete(machine_t *m) { free(m); }

// Tells where code may be, for counting instructions. Returns false if the table is full.
EXPORT bool hil_add_region(machine_t *m, uint32_t base, uint32_t length, uint8_t *host) {
  if (m->region_count == MAX_REGIONS) return false;
  m->regions[m->region_count++] = (region_t){base, length, host};
  return true;
}

EXPORT bool hil_map_io(machine_t *m, uint32_t base, uint32_t length) {
  if (m->range_count == MAX_IO_RANGES) return false;
  range_t *range = &m->ranges[m->range_count++];
  *range = (range_t){m, base};
  return uc_mmio_map(m->uc, base, length, on_io_read, range, on_io_write, range) == UC_ERR_OK;
}

EXPORT size_t hil_add_breakpoint(machine_t *m, uint32_t address) {
  uc_hook hook = 0;
  add_hook(m, &hook, UC_HOOK_CODE, POINTER(on_breakpoint), m, address, address);
  return hook;
}

EXPORT void hil_delete_breakpoint(machine_t *m, size_t hook) { uc_hook_del(m->uc, hook); }

// `kind`: UC_HOOK_MEM_READ, UC_HOOK_MEM_WRITE or both. `watch` is the caller's, for on_watch.
EXPORT watch_t *hil_add_watchpoint(machine_t *m, uint32_t number, int kind, uint32_t first,
                                   uint32_t last, size_t *hook) {
  watch_t *watch = malloc(sizeof *watch);
  if (watch == NULL) return NULL;
  *watch = (watch_t){m, number};
  if (add_hook(m, hook, kind, POINTER(on_watch), watch, first, last) != UC_ERR_OK) {
    free(watch);
    return NULL;
  }
  return watch;
}

EXPORT void hil_delete_watchpoint(machine_t *m, watch_t *watch, size_t hook) {
  uc_hook_del(m->uc, hook);
  free(watch);
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

// After the core stopped at `pc`: takes back what the block hook counted and was not executed.
EXPORT void hil_settle(machine_t *m, uint32_t pc) {
  block_t block = m->state.block;
  if (block == NO_BLOCK) return;
  uint32_t start = (uint32_t)block, size = (uint32_t)(block >> 32) & 0xFFFF;
  if (pc - start >= size) return;
  m->state.cycles -= block_count(block) - scan(m, start, pc - start).count;
  m->state.block = NO_BLOCK;
}
