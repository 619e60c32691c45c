#include "engine/builtin/planner.h"

#include "engine/builtin/arena.h"

namespace hil::engine::builtin {
namespace {

// Until a tensor has its place, `data` is this mark; afterwards it is the offset plus one, so that
// offset 0 differs from "no memory".
const uintptr_t kUnplaced = 0;

uintptr_t Mark(const TensorSlot& slot) { return reinterpret_cast<uintptr_t>(slot.data); }
bool Placed(const TensorSlot& slot) { return Mark(slot) != kUnplaced; }
uint32_t Offset(const TensorSlot& slot) { return static_cast<uint32_t>(Mark(slot) - 1); }
void Place(TensorSlot* slot, uint32_t offset) {
  slot->data = reinterpret_cast<uint8_t*>(uintptr_t{offset} + 1);
}

uint32_t Size(const TensorSlot& slot) {
  return static_cast<uint32_t>(AlignUp(slot.bytes, kPlanAlignment));
}

bool SpansTouch(const TensorSlot& a, const TensorSlot& b) {
  return a.first <= b.last && b.first <= a.last;
}

TensorSlot* LargestUnplaced(Model* model) {
  TensorSlot* largest = nullptr;
  ForEachPlanned(model, [&](TensorSlot& slot) {
    if (Placed(slot)) return;
    if (largest == nullptr || slot.bytes > largest->bytes) largest = &slot;
  });
  return largest;
}

// The lowest offset at which `slot` touches no placed slot that is in use at the same time. A
// slot in the way rules out every offset up to its end, so the search only moves upwards.
uint32_t LowestFreeOffset(Model* model, const TensorSlot& slot) {
  uint32_t offset = 0;
  bool moved = true;
  while (moved) {
    moved = false;
    ForEachPlanned(model, [&](TensorSlot& other) {
      if (!Placed(other) || !SpansTouch(slot, other)) return;
      const uint32_t start = Offset(other);
      if (start < offset + Size(slot) && offset < start + Size(other)) {
        offset = start + Size(other);
        moved = true;
      }
    });
  }
  return offset;
}

}  // namespace

uint32_t PlanTensors(Model* model) {
  uint32_t region = 0;
  ForEachPlanned(model, [](TensorSlot& slot) { slot.data = nullptr; });
  while (TensorSlot* slot = LargestUnplaced(model)) {
    const uint32_t offset = LowestFreeOffset(model, *slot);
    Place(slot, offset);
    if (offset + Size(*slot) > region) region = offset + Size(*slot);
  }
  ForEachPlanned(model, [](TensorSlot& slot) {
    slot.data = reinterpret_cast<uint8_t*>(uintptr_t{Offset(slot)});
  });
  return region;
}

}  // namespace hil::engine::builtin
