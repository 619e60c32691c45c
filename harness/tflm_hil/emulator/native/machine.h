// One machine: the memory of every part of the helper, and what all of them may do to it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "state.h"

#define EXPORT __attribute__((visibility("default")))

#define BLOCK_SLOTS (1u << 13)
#define MAX_REGIONS 8
#define POLL_SLOTS 16

typedef struct {
  uint32_t base, length;
  uint8_t *host;
} region_t;

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

// Stops the core, from one of its hooks.
void halt(machine_t *m, uint32_t reason, uint32_t detail);
// As `halt`, before an instruction in the middle of its block: that was counted in full, and
// hil_settle takes the rest back.
void halt_within_block(machine_t *m, uint32_t reason, uint32_t detail);

const region_t *find_region(const machine_t *m, uint32_t address);
// The mark that code was executed in the page of `address`, which is in `region`.
uint8_t *code_page(machine_t *m, const region_t *region, uint32_t address);

// Code in memory has changed, or its hooks have: count its instructions anew.
EXPORT void hil_forget_blocks(machine_t *m);
