// What the parts of the helper share: the state that Python sees, and the machine around it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#define EXPORT __attribute__((visibility("default")))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

// --- shared with harness/tflm_hil/emulator/native/library.py -------------------------------------------

enum {  // why the core was stopped
  kReasonNone,
  kReasonStop,         // asked to by another thread or by an I/O callback
  kReasonDeadline,     // virtual time reached `deadline`
  kReasonBreakpoint,   // a hardware breakpoint, before its instruction
  kReasonInterrupt,    // a pending exception preempts
  kReasonFpuOff,       // the next FP instruction, at `detail`, is in this block
  kReasonDirty,        // flash was programmed or erased and is about to be executed
  kReasonRetranslate,  // the block of `detail` bytes has new hooks
  kReasonDivision,     // the next division is one by zero, and CCR.DIV_0_TRP is set
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

typedef struct {
  machine_t *machine;
  uint32_t address;
  uint32_t condition;  // of the IT block that it is in
  uc_hook hook;
} division_t;

#define MAX_DIVISIONS 512
#define MAX_WATCHED 1024
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
  bool trap_division;  // CCR.DIV_0_TRP
  division_t divisions[MAX_DIVISIONS];
  uint32_t division_count;
  uint64_t watched[MAX_WATCHED];  // blocks with divisions that were translated with their hooks
  uint32_t watched_count;
  uint32_t flash_key_state;  // 0 locked, 1 first key seen, 2 wrong key: until reset
};

static inline uc_err add_hook(machine_t *m, uc_hook *hook, int type, void *callback, void *user,
                              uint64_t begin, uint64_t end) {
  return uc_hook_add(m->uc, hook, type, callback, user, begin, end);
}

// A function pointer to void *, as Unicorn's variadic hook interface wants it.
static inline void *pointer_of(void (*function)(void)) {
  void *pointer;
  memcpy(&pointer, &function, sizeof pointer);
  return pointer;
}
#define POINTER(f) pointer_of((void (*)(void))(f))

// --- blocks.c ---

// Stops the core, from one of its hooks.
void halt(machine_t *m, uint32_t reason, uint32_t detail);
void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user);
void on_breakpoint(uc_engine *uc, uint64_t address, uint32_t size, void *user);

// --- division.c ---

bool is_division(uint16_t first, uint16_t second);
// Sees to the hooks of a block with divisions; true if the core stops to translate it again.
bool stopped_to_watch(machine_t *m, uint32_t pc, uint32_t size, const uint8_t *code);

// --- flash.c ---

uint32_t flash_register_read(machine_t *m, uint32_t offset);
void flash_register_write(machine_t *m, uint32_t offset, uint32_t value);
bool on_flash_store(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                    void *user);

// --- for Python, and at start-up ---

EXPORT void hil_forget_blocks(machine_t *m);
EXPORT void hil_flash_reset(machine_t *m);
