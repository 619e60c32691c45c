#include "engine/tflm/arena.h"

#include <algorithm>
#include <new>

#include "tensorflow/lite/micro/memory_helpers.h"

namespace hil::engine {
namespace {

ArenaLedger g_ledger;

}  // namespace

Arena* Arena::Create(Span<uint8_t> memory, std::jmp_buf* exit) {
  g_ledger = ArenaLedger();
  g_ledger.exit = exit;
  Arena first(memory.data(), memory.size());
  uint8_t* place = first.AllocatePersistentBuffer(sizeof(Arena), alignof(Arena));
  return new (place) Arena(first);
}

void Arena::Disarm() { g_ledger.exit = nullptr; }

const ArenaLedger& Arena::ledger() { return g_ledger; }

TfLiteStatus Arena::ResizeBuffer(uint8_t* buffer, size_t size, size_t alignment) {
  Require(static_cast<ptrdiff_t>(size), tail() - buffer);
  const TfLiteStatus status = SingleArenaBufferAllocator::ResizeBuffer(buffer, size, alignment);
  Note();
  return status;
}

uint8_t* Arena::AllocatePersistentBuffer(size_t size, size_t alignment) {
  // As integers: an arena of no bytes has no memory in front of it. TFLM itself looks at the head
  // only, and would hand out memory that temporary tensors above it are using.
  const uintptr_t at = (reinterpret_cast<uintptr_t>(tail()) - size) & ~(alignment - 1);
  const uintptr_t taken =
      reinterpret_cast<uintptr_t>(GetOverlayMemoryAddress()) + GetNonPersistentUsedBytes();
  Require(static_cast<ptrdiff_t>(taken - at), 0);
  uint8_t* result = SingleArenaBufferAllocator::AllocatePersistentBuffer(size, alignment);
  Note();
  return result;
}

uint8_t* Arena::AllocateTemp(size_t size, size_t alignment) {
  // GetAvailableMemory() wraps around where less than nothing is left, and the memory planner asks
  // for that much; so it is looked at with its sign.
  const size_t asked = GetAvailableMemory(alignment);
  const auto available = static_cast<ptrdiff_t>(asked);
  // The memory planner alone asks for all there is; how much it needs depends on the model.
  const bool for_plan = size == asked;
  Require(for_plan ? 0 : static_cast<ptrdiff_t>(size), available);
  if (for_plan) {
    g_ledger.plan_persistent_bytes = GetPersistentUsedBytes();
    g_ledger.plan_temporary_bytes = GetNonPersistentUsedBytes();
  }
  uint8_t* result = SingleArenaBufferAllocator::AllocateTemp(size, alignment);
  if (!for_plan) Note();
  return result;
}

void Arena::Require(ptrdiff_t size, ptrdiff_t available) {
  if (size <= available || g_ledger.exit == nullptr) return;
  g_ledger.missing_bytes = static_cast<uint32_t>(size - available);
  std::longjmp(*g_ledger.exit, 1);
}

void Arena::Note() { g_ledger.most_bytes = std::max(g_ledger.most_bytes, GetUsedBytes()); }

}  // namespace hil::engine
