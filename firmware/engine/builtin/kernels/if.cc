// IF: runs one of two subgraphs, as a condition says.
#include <initializer_list>

#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

constexpr size_t kBranches = 2;  // then, else

// A tensor of the operator and what it is in either branch.
struct Port {
  TensorSlot* outside;
  TensorSlot* inside[kBranches];
};

struct Data {
  const TensorSlot* condition;
  uint32_t subgraphs[kBranches];
  uint32_t inputs, outputs;
  const Port* ports;  // inputs first
};

Status PreparePort(Preparation& p, TensorSlot* outside, TensorSlot* then, TensorSlot* otherwise,
                   Port* port) {
  for (const TensorSlot* inside : {then, otherwise}) {
    HIL_TRY(p.ExpectType(*inside, outside->type));
    HIL_TRY(p.ExpectSameShape(*inside, *outside));
  }
  if (port != nullptr) *port = {outside, {then, otherwise}};
  return Status::kOk;
}

Status Prepare(Preparation& p) {
  if (p.InputCount() == 0) return p.Refuse(Status::kCorruptModel, "has no condition");
  HIL_TRY(p.ExpectCounts(p.InputCount(), p.OutputCount()));
  Data d = {};
  d.condition = p.Input(0);
  HIL_TRY(p.ExpectType(*d.condition, TensorType::kBool));
  if (ElementCount(*d.condition) != 1) {
    return p.Refuse(Status::kUnsupportedShape, "has a condition of more than one element");
  }
  d.inputs = static_cast<uint32_t>(p.InputCount() - 1);
  d.outputs = static_cast<uint32_t>(p.OutputCount());
  // That both exist was checked when the time line was laid out.
  for (unsigned i = 0; i < kBranches; ++i) {
    d.subgraphs[i] = static_cast<uint32_t>(p.options().Get<int32_t>(i, 0));
    const Subgraph& branch = p.model().subgraphs[d.subgraphs[i]];
    if (branch.inputs.count != d.inputs || branch.outputs.count != d.outputs) {
      return p.Refuse(Status::kCorruptModel,
                      "has subgraphs with other inputs or outputs than its own");
    }
  }
  const Subgraph& then = p.model().subgraphs[d.subgraphs[0]];
  const Subgraph& otherwise = p.model().subgraphs[d.subgraphs[1]];
  Port* ports = p.MakeArray<Port>(d.inputs + d.outputs);
  d.ports = ports;
  for (uint32_t i = 0; i < d.inputs; ++i) {
    HIL_TRY(PreparePort(p, p.Input(i + 1), &then.tensors[then.inputs[i]],
                        &otherwise.tensors[otherwise.inputs[i]],
                        ports != nullptr ? &ports[i] : nullptr));
  }
  for (uint32_t i = 0; i < d.outputs; ++i) {
    HIL_TRY(PreparePort(p, p.Output(i), &then.tensors[then.outputs[i]],
                        &otherwise.tensors[otherwise.outputs[i]],
                        ports != nullptr ? &ports[d.inputs + i] : nullptr));
  }
  return p.Keep(d);
}

Status Eval(const void* data, Runtime& runtime) {
  const Data& d = *static_cast<const Data*>(data);
  const size_t branch = d.condition->data[0] != 0 ? 0 : 1;
  const Port* port = d.ports;
  for (uint32_t i = 0; i < d.inputs; ++i, ++port) {
    std::memcpy(port->inside[branch]->data, port->outside->data, port->outside->bytes);
  }
  HIL_TRY(runtime.RunSubgraph(d.subgraphs[branch]));
  for (uint32_t i = 0; i < d.outputs; ++i, ++port) {
    std::memcpy(port->outside->data, port->inside[branch]->data, port->outside->bytes);
  }
  return Status::kOk;
}

}  // namespace

const Kernel kIfKernel = {schema::kIf, 1, schema::kIfOptions, "IF", Prepare, Eval};

}  // namespace hil::engine::builtin
