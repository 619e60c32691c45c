// The tensor arena, as TFLM's own constructors lay it out: allocator, memory planner and
// everything else of the interpreter stand in it, so that the sizes reported are those that a
// deployment needs.
//
// Where TFLM's allocator returns a null pointer, its callers and many kernels follow it. Here an
// allocation that does not fit leaves the set-up instead, through the jump buffer given.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>

#include "common/span.h"
#include "tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.h"
#include "tensorflow/lite/micro/micro_allocator.h"

namespace hil::engine {

// What is known of the arena in use. Outside of it, because it outlives a set-up that is left.
struct ArenaLedger {
  std::jmp_buf* exit = nullptr;  // set while a set-up runs
  uint32_t missing_bytes = 0;    // of the allocation that did not fit
  size_t most_bytes = 0;         // most that was in use at any time
  // When the memory planner got all the rest to work with: what was in use at either end.
  size_t plan_persistent_bytes = 0;
  size_t plan_temporary_bytes = 0;
};

// The allocator of an arena, in the arena. `exit` is armed by the caller (setjmp) and remains so
// for every allocation until Disarm().
class Arena final : public tflite::SingleArenaBufferAllocator {
 public:
  static Arena* Create(Span<uint8_t> memory, std::jmp_buf* exit);
  static void Disarm();
  static const ArenaLedger& ledger();

  // An object in the persistent part, like TFLM's own.
  template <typename T>
  T* Make() {
    return new (AllocatePersistentBuffer(sizeof(T), alignof(T))) T();
  }

  TfLiteStatus ResizeBuffer(uint8_t* buffer, size_t size, size_t alignment) override;
  uint8_t* AllocatePersistentBuffer(size_t size, size_t alignment) override;
  uint8_t* AllocateTemp(size_t size, size_t alignment) override;

  TF_LITE_REMOVE_VIRTUAL_DELETE

 private:
  using SingleArenaBufferAllocator::SingleArenaBufferAllocator;
  void Require(ptrdiff_t size, ptrdiff_t available);
  void Note();
};

}  // namespace hil::engine
