// Where planned memory goes.
#pragma once

#include <cstdint>

#include "engine/builtin/graph.h"

namespace hil::engine::builtin {

inline constexpr uint32_t kPlanAlignment = 8;

// Gives every written tensor and every scratch block of the model an offset from the start of the
// planned region (in Block::data, to be rebased by the caller) and returns the region's size.
// Greedy by size: the largest block first, each at the lowest offset that is free over its span.
// Needs no memory of its own: time grows with the square of the number of blocks.
uint32_t PlanBlocks(Model* model);

// Calls visit(Block&) for every block that PlanBlocks places.
template <typename Visit>
void ForEachBlock(Model* model, Visit visit) {
  for (uint32_t g = 0; g < model->subgraph_count; ++g) {
    Subgraph& graph = model->subgraphs[g];
    for (uint32_t t = 0; t < graph.tensor_count; ++t) {
      TensorSlot& slot = graph.tensors[t];
      if (slot.Is(TensorSlot::kWritten)) visit(static_cast<Block&>(slot));
    }
  }
  for (Scratch* s = model->scratch; s != nullptr; s = s->next) visit(static_cast<Block&>(*s));
}

}  // namespace hil::engine::builtin
