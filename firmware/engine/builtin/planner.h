// Where planned memory goes.
#pragma once

#include <cstdint>

#include "engine/builtin/graph.h"

namespace hil::engine::builtin {

inline constexpr uint32_t kPlanAlignment = 8;

// Gives every written tensor of the model an offset from the start of the planned region (in
// TensorSlot::data, to be rebased by the caller) and returns the region's size. Greedy by size: the
// largest tensor first, each at the lowest offset that is free over its span. Needs no memory of
// its own: time grows with the square of the number of tensors.
uint32_t PlanTensors(Model* model);

// Calls visit(TensorSlot&) for every tensor that PlanTensors places.
template <typename Visit>
void ForEachPlanned(Model* model, Visit visit) {
  for (uint32_t g = 0; g < model->subgraph_count; ++g) {
    Subgraph& graph = model->subgraphs[g];
    for (uint32_t t = 0; t < graph.tensor_count; ++t) {
      TensorSlot& slot = graph.tensors[t];
      if (slot.Is(TensorSlot::kWritten)) visit(slot);
    }
  }
}

}  // namespace hil::engine::builtin
