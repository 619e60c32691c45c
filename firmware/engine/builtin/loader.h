// Load in two halves: the FlatBuffer into a Model, and the Model's memory.
#pragma once

#include "engine/builtin/graph.h"

namespace hil::engine::builtin {

// Reads and checks the FlatBuffer, makes slots and nodes in the arena, lays out the time line and
// prepares every operator. On kOk every pointer that an operator may follow is checked, but planned
// memory has no address yet.
Status BuildModel(Span<const uint8_t> bytes, Span<uint8_t> arena, const Options& options,
                  Model* model, Failure* failure);

// Gives every slot its memory: state first, then planned tensors.
Status PlaceTensors(Model* model, Failure* failure);

// All state as after Load: variable tensors at their zero point, resource variables unset.
void ClearState(Model* model);

}  // namespace hil::engine::builtin
