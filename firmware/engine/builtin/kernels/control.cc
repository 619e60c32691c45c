// WHILE: runs a body subgraph for as long as a condition subgraph says so.
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

// A loop variable and the four tensors it passes through.
struct LoopVariable {
  const TensorSlot* start;  // input of WHILE
  TensorSlot* value;        // output of WHILE; holds the variable between subgraphs
  TensorSlot* condition_input;
  TensorSlot* body_input;
  const TensorSlot* body_output;
};

struct Data {
  LoopVariable* variables;
  uint32_t count;
  uint32_t condition, body;  // subgraphs
  const TensorSlot* go_on;   // the condition's result
};

Status ExpectSame(Preparation& p, const TensorSlot& a, const TensorSlot& b) {
  if (a.type == b.type && SameShape(a, b)) return Status::kOk;
  return p.Refuse(Status::kUnsupportedShape, "has a loop variable that changes its type or shape");
}

Status Prepare(Preparation& p) {
  HIL_TRY(p.ExpectCounts(p.InputCount(), p.InputCount()));
  Data d = {};
  d.count = static_cast<uint32_t>(p.InputCount());
  // That both exist was checked when the time line was laid out.
  d.condition = static_cast<uint32_t>(p.options().Get<int32_t>(0, 0));
  d.body = static_cast<uint32_t>(p.options().Get<int32_t>(1, 0));
  const Subgraph& condition = p.model().subgraphs[d.condition];
  const Subgraph& body = p.model().subgraphs[d.body];
  if (condition.inputs.count != d.count || body.inputs.count != d.count ||
      body.outputs.count != d.count || condition.outputs.count != 1) {
    return p.Refuse(Status::kCorruptModel,
                    "has subgraphs with other inputs or outputs than its own");
  }
  d.go_on = &condition.tensors[condition.outputs[0]];
  HIL_TRY(p.ExpectType(*d.go_on, TensorType::kBool));
  d.variables = p.MakeArray<LoopVariable>(d.count);
  for (uint32_t i = 0; i < d.count; ++i) {
    const LoopVariable v = {p.Input(i), p.Output(i), &condition.tensors[condition.inputs[i]],
                            &body.tensors[body.inputs[i]], &body.tensors[body.outputs[i]]};
    HIL_TRY(ExpectSame(p, *v.start, *v.value));
    HIL_TRY(ExpectSame(p, *v.start, *v.condition_input));
    HIL_TRY(ExpectSame(p, *v.start, *v.body_input));
    HIL_TRY(ExpectSame(p, *v.start, *v.body_output));
    if (d.variables != nullptr) d.variables[i] = v;
  }
  return p.Keep(d);
}

void CopyTensor(const TensorSlot& from, TensorSlot* to) {
  std::memcpy(to->data, from.data, to->bytes);
}

Status Eval(const void* data, Runtime& runtime) {
  const Data& d = *static_cast<const Data*>(data);
  for (uint32_t i = 0; i < d.count; ++i) CopyTensor(*d.variables[i].start, d.variables[i].value);
  for (;;) {
    for (uint32_t i = 0; i < d.count; ++i) {
      CopyTensor(*d.variables[i].value, d.variables[i].condition_input);
    }
    HIL_TRY(runtime.RunSubgraph(d.condition));
    if (d.go_on->data[0] == 0) return Status::kOk;
    for (uint32_t i = 0; i < d.count; ++i) {
      CopyTensor(*d.variables[i].value, d.variables[i].body_input);
    }
    HIL_TRY(runtime.RunSubgraph(d.body));
    for (uint32_t i = 0; i < d.count; ++i) {
      CopyTensor(*d.variables[i].body_output, d.variables[i].value);
    }
  }
}

}  // namespace

const Kernel kWhileKernel = {schema::kWhile, 1, schema::kWhileOptions, "WHILE", Prepare, Eval};

}  // namespace hil::engine::builtin
