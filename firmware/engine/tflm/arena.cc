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
  // As integers: an arena of no bytes has no memory in front of it.
  const uintptr_t at = (reinterpret_cast<uintptr_t>(tail()) - size) & ~(alignment - 1);
  const auto head_at = reinterpret_cast<uintptr_t>(head());
  Require(static_cast<ptrdiff_t>(head_at - at), 0);
  uint8_t* result = SingleArenaBufferAllocator::AllocatePersistentBuffer(size, alignment);
  Note();
  return result;
}

uint8_t* Arena::AllocateTemp(size_t size, size_t alignment) {
  const auto available = static_cast<ptrdiff_t>(GetAvailableMemory(alignment));
  Require(static_cast<ptrdiff_t>(size), available);
  // The memory planner alone asks for all there is; how much of it it needs depends on the model.
  const bool for_plan = size == static_cast<size_t>(available);
  if (for_plan) g_ledger.before_plan_bytes = GetUsedBytes();
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
