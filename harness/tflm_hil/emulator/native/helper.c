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
//
// Each file includes, and calls, only what stands below it:
//
//   helper.c                 what Python calls to make a machine, to break and to watch: here
//   blocks.c    io.c         the block hook and its counting; memory-mapped I/O
//   division.c  flash.c      division by zero; the FLASH controller
//   machine.c                one machine: how it is stopped, where its code is
//   state.h  instructions.h  what Python sees of it; which instruction is which
#include <stdlib.h>

#include "blocks.h"
#include "flash.h"

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
