#include "engine/builtin/planner.h"

#include "engine/builtin/arena.h"

namespace hil::engine::builtin {
namespace {

// Until a block has its place, `data` is this mark; afterwards it is the offset plus one, so that
// offset 0 differs from "no memory".
const uintptr_t kUnplaced = 0;

uintptr_t Mark(const Block& block) { return reinterpret_cast<uintptr_t>(block.data); }
bool Placed(const Block& block) { return Mark(block) != kUnplaced; }
uint32_t Offset(const Block& block) { return static_cast<uint32_t>(Mark(block) - 1); }
void Place(Block* block, uint32_t offset) {
  block->data = reinterpret_cast<uint8_t*>(uintptr_t{offset} + 1);
}

uint32_t Size(const Block& block) {
  return static_cast<uint32_t>(AlignUp(block.bytes, kPlanAlignment));
}

bool SpansTouch(const Block& a, const Block& b) { return a.first <= b.last && b.first <= a.last; }

Block* LargestUnplaced(Model* model) {
  Block* largest = nullptr;
  ForEachBlock(model, [&](Block& block) {
    if (Placed(block)) return;
    if (largest == nullptr || block.bytes > largest->bytes) largest = &block;
  });
  return largest;
}

// The lowest offset at which `block` touches no placed block that is in use at the same time. A
// block in the way rules out every offset up to its end, so the search only moves upwards.
uint32_t LowestFreeOffset(Model* model, const Block& block) {
  uint32_t offset = 0;
  bool moved = true;
  while (moved) {
    moved = false;
    ForEachBlock(model, [&](Block& other) {
      if (!Placed(other) || !SpansTouch(block, other)) return;
      const uint32_t start = Offset(other);
      if (start < offset + Size(block) && offset < start + Size(other)) {
        offset = start + Size(other);
        moved = true;
      }
    });
  }
  return offset;
}

}  // namespace

uint32_t PlanBlocks(Model* model) {
  uint32_t region = 0;
  ForEachBlock(model, [](Block& block) { block.data = nullptr; });
  while (Block* block = LargestUnplaced(model)) {
    const uint32_t offset = LowestFreeOffset(model, *block);
    Place(block, offset);
    if (offset + Size(*block) > region) region = offset + Size(*block);
  }
  ForEachBlock(model, [](Block& block) {
    block.data = reinterpret_cast<uint8_t*>(uintptr_t{Offset(block)});
  });
  return region;
}

}  // namespace hil::engine::builtin
