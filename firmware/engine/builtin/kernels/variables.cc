// VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, CALL_ONCE: state that a model keeps by name, and its
// initialisation.
//
// ResetState brings variables back to what they were right after Load: zero, and CALL_ONCE runs
// again with the next Invoke. (TensorFlow Lite Micro's own Reset leaves them at zero.)
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

constexpr unsigned kContainerField = 0, kNameField = 1;

struct Handle {
  const TensorSlot* output;
  Variable* variable;
};

struct Access {
  const TensorSlot* tensor;  // what is assigned, or read into
  Variable* variable;
};

struct Once {
  uint32_t subgraph;
  const uint32_t* epoch;    // of the model's state
  mutable uint32_t ran_in;  // the epoch it ran in last, 0 if never
};

Status PrepareHandle(Preparation& p) {
  HIL_TRY(p.ExpectCounts(0, 1));
  HIL_TRY(p.ExpectType(*p.Output(0), TensorType::kResource));
  const char* container = p.options().GetString(kContainerField);
  const char* name = p.options().GetString(kNameField);
  Variable* variable = p.model().variables;
  while (variable != nullptr && (std::strcmp(variable->container, container) != 0 ||
                                 std::strcmp(variable->name, name) != 0)) {
    variable = variable->next;
  }
  if (variable == nullptr) {
    variable = p.MakeArray<Variable>(1);
    if (variable != nullptr) {
      variable->container = container;
      variable->name = name;
      variable->next = p.model().variables;
      p.model().variables = variable;
    }
  }
  if (Handle* data = p.MakeData<Handle>()) *data = {p.Output(0), variable};
  return Status::kOk;
}

// Handles are known at Load; nothing is left to do while running.
Status EvalHandle(const void*, Runtime&) { return Status::kOk; }

// Finds the variable whose handle is input 0, and settles its size on first use.
Status PrepareAccess(Preparation& p, const TensorSlot& tensor) {
  const TensorSlot& handle = *p.Input(0);
  HIL_TRY(p.ExpectType(handle, TensorType::kResource));
  Variable* variable = nullptr;
  const bool made_here = p.FindInSubgraph(kVarHandleKernel, [&](const void* data) {
    const Handle& candidate = *static_cast<const Handle*>(data);
    variable = candidate.variable;
    return candidate.output == &handle;
  });
  if (p.model().arena.overflowed()) return Status::kOk;  // handles were not kept: only counting
  if (!made_here) {
    return p.Refuse(Status::kUnsupportedOption, "takes a variable that its subgraph did not open");
  }
  if (variable->bytes == 0) {
    variable->bytes = tensor.bytes;
    variable->type = tensor.type;
  } else if (variable->bytes != tensor.bytes || variable->type != tensor.type) {
    return p.Refuse(Status::kUnsupportedShape, "takes a variable of another size or type");
  }
  if (Access* data = p.MakeData<Access>()) *data = {&tensor, variable};
  return Status::kOk;
}

Status PrepareRead(Preparation& p) {
  HIL_TRY(p.ExpectCounts(1, 1));
  return PrepareAccess(p, *p.Output(0));
}

Status EvalRead(const void* data, Runtime&) {
  const Access& d = *static_cast<const Access*>(data);
  std::memcpy(d.tensor->data, d.variable->data, d.tensor->bytes);
  return Status::kOk;
}

Status PrepareAssign(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 0));
  return PrepareAccess(p, *p.Input(1));
}

Status EvalAssign(const void* data, Runtime&) {
  const Access& d = *static_cast<const Access*>(data);
  std::memcpy(d.variable->data, d.tensor->data, d.tensor->bytes);
  return Status::kOk;
}

Status PrepareCallOnce(Preparation& p) {
  HIL_TRY(p.ExpectCounts(0, 0));
  // That the subgraph exists was checked when the time line was laid out.
  const auto index = static_cast<uint32_t>(p.options().Get<int32_t>(0, 0));
  const Subgraph& subgraph = p.model().subgraphs[index];
  if (subgraph.inputs.count != 0 || subgraph.outputs.count != 0) {
    return p.Refuse(Status::kUnsupportedOption, "runs a subgraph that has inputs or outputs");
  }
  if (Once* data = p.MakeData<Once>()) *data = {index, &p.model().state_epoch, 0};
  return Status::kOk;
}

Status EvalCallOnce(const void* data, Runtime& runtime) {
  const Once& d = *static_cast<const Once*>(data);
  if (d.ran_in == *d.epoch) return Status::kOk;
  HIL_TRY(runtime.RunSubgraph(d.subgraph));
  d.ran_in = *d.epoch;
  return Status::kOk;
}

}  // namespace

const Kernel kVarHandleKernel = {
    schema::kVarHandle, 1, schema::kVarHandleOptions, "VAR_HANDLE", PrepareHandle, EvalHandle};
const Kernel kReadVariableKernel = {schema::kReadVariable, 1,           schema::kNoOptions,
                                    "READ_VARIABLE",       PrepareRead, EvalRead};
const Kernel kAssignVariableKernel = {
    schema::kAssignVariable, 1, schema::kNoOptions, "ASSIGN_VARIABLE", PrepareAssign, EvalAssign};
const Kernel kCallOnceKernel = {
    schema::kCallOnce, 1, schema::kCallOnceOptions, "CALL_ONCE", PrepareCallOnce, EvalCallOnce};

}  // namespace hil::engine::builtin
