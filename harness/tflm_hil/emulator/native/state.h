// What Python sees of a machine: `State` in library.py has the same fields in the same order.
#pragma once

#include <stdbool.h>
#include <stdint.h>

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

#define NO_BLOCK UINT64_MAX

// A basic block and its number of instructions in one word, for one load and one comparison in
// the hook: pc in bits 31..0, size in bytes in 47..32, count in 63..48.
typedef uint64_t block_t;

static inline block_t block_key(uint32_t pc, uint32_t size) { return (uint64_t)size << 32 | pc; }
static inline uint32_t block_count(block_t block) { return (uint32_t)(block >> 48); }
static inline bool is_block(block_t block, block_t key) { return ((block ^ key) << 16) == 0; }

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
