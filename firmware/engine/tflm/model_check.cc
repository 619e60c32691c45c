#include "engine/tflm/model_check.h"

#include <cstring>

#include "engine/tflm/messages.h"
#include "engine/tflm/traced_operators.h"

namespace hil::engine {
namespace {

constexpr int kSchemaVersion = 3;

template <typename... Arguments>
Status Refuse(Failure* failure, Status status, Place place, const char* format,
              Arguments... arguments) {
  failure->status = status;
  failure->subgraph = place.subgraph;
  failure->op_index = place.op;
  failure->builtin_code = place.builtin_code;
  messages::Format(failure->text, sizeof failure->text, format, arguments...);
  return status;
}

Status CheckTensor(const tflite::Model& model, const tflite::Tensor& tensor, int subgraph,
                   int index, Failure* failure) {
  const Place place = {static_cast<int16_t>(subgraph), -1, -1};
  uint64_t bytes = ElementBytes(tensor.type());
  if (tensor.shape() != nullptr) {
    if (tensor.shape()->size() > kMaxRank) {
      return Refuse(failure, Status::kUnsupportedShape, place, "tensor %d has %d dimensions", index,
                    static_cast<int>(tensor.shape()->size()));
    }
    for (const int32_t dim : *tensor.shape()) {
      if (dim < 0) {
        return Refuse(failure, Status::kUnsupportedShape, place,
                      "tensor %d has a dynamic shape: convert with a fixed batch and length",
                      index);
      }
      bytes *= static_cast<uint64_t>(dim);
      if (bytes > UINT32_MAX) {
        return Refuse(failure, Status::kCorruptModel, place, "tensor %d exceeds 4 GiB", index);
      }
    }
  }
  if (tensor.buffer() >= model.buffers()->size()) {
    return Refuse(failure, Status::kCorruptModel, place,
                  "tensor %d names a buffer that is not there", index);
  }
  const auto* data = model.buffers()->Get(tensor.buffer())->data();
  if (data != nullptr && data->size() > 0 && ElementBytes(tensor.type()) > 0 &&
      data->size() != bytes) {
    return Refuse(failure, Status::kCorruptModel, place, "tensor %d and its buffer differ in size",
                  index);
  }
  return Status::kOk;
}

bool InRange(const flatbuffers::Vector<int32_t>* indices, size_t tensors) {
  if (indices == nullptr) return true;
  for (const int32_t index : *indices) {
    // -1 stands for an optional tensor that is left out.
    if (index < -1 || (index >= 0 && static_cast<size_t>(index) >= tensors)) return false;
  }
  return true;
}

bool AllPresent(const flatbuffers::Vector<int32_t>* indices) {
  if (indices == nullptr) return false;
  for (const int32_t index : *indices) {
    if (index < 0) return false;
  }
  return true;
}

// Subgraphs that a control-flow operator names exist.
bool SubgraphsExist(const tflite::Operator& op, size_t count) {
  const auto exists = [count](int32_t index) {
    return index >= 0 && static_cast<size_t>(index) < count;
  };
  if (const auto* options = op.builtin_options_as_WhileOptions()) {
    return exists(options->cond_subgraph_index()) && exists(options->body_subgraph_index());
  }
  if (const auto* options = op.builtin_options_as_IfOptions()) {
    return exists(options->then_subgraph_index()) && exists(options->else_subgraph_index());
  }
  if (const auto* options = op.builtin_options_as_CallOnceOptions()) {
    return exists(options->init_subgraph_index());
  }
  return true;
}

tflite::BuiltinOperator CodeOf(const tflite::OperatorCode& code) {
  const auto deprecated = static_cast<tflite::BuiltinOperator>(code.deprecated_builtin_code());
  return code.builtin_code() > deprecated ? code.builtin_code() : deprecated;
}

Status CheckOperator(const tflite::Model& model, const tflite::SubGraph& graph, Place place,
                     const tflite::MicroOpResolver& operators, Failure* failure) {
  const tflite::Operator& op = *graph.operators()->Get(static_cast<uint32_t>(place.op));
  if (op.opcode_index() >= model.operator_codes()->size()) {
    return Refuse(failure, Status::kCorruptModel, place, "operator %d has no operator code",
                  place.op);
  }
  const tflite::OperatorCode& code = *model.operator_codes()->Get(op.opcode_index());
  const tflite::BuiltinOperator builtin = CodeOf(code);
  place.builtin_code = static_cast<int16_t>(builtin);
  const size_t tensors = graph.tensors()->size();
  if (!InRange(op.inputs(), tensors) || !InRange(op.outputs(), tensors) ||
      !InRange(op.intermediates(), tensors) || !SubgraphsExist(op, model.subgraphs()->size())) {
    return Refuse(failure, Status::kCorruptModel, place,
                  "operator %d %s refers to tensors or subgraphs that are not there", place.op,
                  tflite::EnumNameBuiltinOperator(builtin));
  }
  if (builtin == tflite::BuiltinOperator_CUSTOM) {
    const char* name = code.custom_code() != nullptr ? code.custom_code()->c_str() : "";
    if (operators.FindOp(name) == nullptr) {
      return Refuse(failure, Status::kUnsupportedOperator, place,
                    "custom operator \"%s\" is not linked in", name);
    }
  } else if (operators.FindOp(builtin) == nullptr) {
    return Refuse(failure, Status::kUnsupportedOperator, place,
                  "operator %d %s is not linked into this firmware", place.op,
                  tflite::EnumNameBuiltinOperator(builtin));
  }
  return Status::kOk;
}

Status CheckSubgraph(const tflite::Model& model, int index,
                     const tflite::MicroOpResolver& operators, Failure* failure) {
  const tflite::SubGraph* graph = model.subgraphs()->Get(static_cast<uint32_t>(index));
  Place place = {static_cast<int16_t>(index), -1, -1};
  if (graph == nullptr || graph->tensors() == nullptr || graph->operators() == nullptr ||
      !AllPresent(graph->inputs()) || !AllPresent(graph->outputs()) ||
      !InRange(graph->inputs(), graph->tensors()->size()) ||
      !InRange(graph->outputs(), graph->tensors()->size())) {
    return Refuse(failure, Status::kCorruptModel, place, "subgraph %d is incomplete", index);
  }
  for (uint32_t i = 0; i < graph->tensors()->size(); ++i) {
    const Status status =
        CheckTensor(model, *graph->tensors()->Get(i), index, static_cast<int>(i), failure);
    if (status != Status::kOk) return status;
  }
  for (uint32_t i = 0; i < graph->operators()->size(); ++i) {
    place.op = static_cast<int16_t>(i);
    const Status status = CheckOperator(model, *graph, place, operators, failure);
    if (status != Status::kOk) return status;
  }
  return Status::kOk;
}

// Name of the resource variable that an operator writes, nullptr if it writes none.
const char* AssignedVariable(const tflite::Model& model, uint32_t subgraph, uint32_t op) {
  if (BuiltinCode(model, subgraph, op) != tflite::BuiltinOperator_ASSIGN_VARIABLE) return nullptr;
  const tflite::SubGraph& graph = *model.subgraphs()->Get(subgraph);
  const tflite::Operator& assign = *graph.operators()->Get(op);
  if (assign.inputs()->size() < 2 || assign.inputs()->Get(1) < 0) return nullptr;
  const int32_t handle = assign.inputs()->Get(0);
  for (const tflite::Operator* maker : *graph.operators()) {
    const auto* options = maker->builtin_options_as_VarHandleOptions();
    if (options == nullptr || options->shared_name() == nullptr) continue;
    if (maker->outputs()->size() == 1 && maker->outputs()->Get(0) == handle) {
      return options->shared_name()->c_str();
    }
  }
  return nullptr;
}

// Whether an operator in front of this one writes the same variable, whose bytes count once.
bool AssignedBefore(const tflite::Model& model, const char* name, uint32_t subgraph, uint32_t op) {
  for (uint32_t index = 0; index <= subgraph; ++index) {
    const uint32_t end = index < subgraph ? model.subgraphs()->Get(index)->operators()->size() : op;
    for (uint32_t i = 0; i < end; ++i) {
      const char* other = AssignedVariable(model, index, i);
      if (other != nullptr && std::strcmp(other, name) == 0) return true;
    }
  }
  return false;
}

}  // namespace

Status CheckModel(Span<const uint8_t> bytes, const tflite::MicroOpResolver& operators,
                  Failure* failure) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (bytes.size() < 8 || !tflite::VerifyModelBuffer(verifier)) {
    return Refuse(failure, Status::kCorruptModel, {}, "the FlatBuffer does not verify");
  }
  const tflite::Model& model = *tflite::GetModel(bytes.data());
  if (model.version() != kSchemaVersion) {
    return Refuse(failure, Status::kUnsupportedSchema, {},
                  "the model is of schema version %d, TFLM reads version %d",
                  static_cast<int>(model.version()), kSchemaVersion);
  }
  if (model.subgraphs() == nullptr || model.subgraphs()->size() == 0 ||
      model.operator_codes() == nullptr || model.buffers() == nullptr) {
    return Refuse(failure, Status::kCorruptModel, {}, "the model has no graph");
  }
  for (uint32_t i = 0; i < model.subgraphs()->size(); ++i) {
    const Status status = CheckSubgraph(model, static_cast<int>(i), operators, failure);
    if (status != Status::kOk) return status;
  }
  return Status::kOk;
}

uint16_t BuiltinCode(const tflite::Model& model, size_t subgraph, size_t op) {
  const tflite::Operator& at = *model.subgraphs()
                                    ->Get(static_cast<uint32_t>(subgraph))
                                    ->operators()
                                    ->Get(static_cast<uint32_t>(op));
  return static_cast<uint16_t>(CodeOf(*model.operator_codes()->Get(at.opcode_index())));
}

int CountResourceVariables(const tflite::Model& model) {
  int count = 0;
  for (uint32_t graph = 0; graph < model.subgraphs()->size(); ++graph) {
    const size_t operators = model.subgraphs()->Get(graph)->operators()->size();
    for (size_t op = 0; op < operators; ++op) {
      if (BuiltinCode(model, graph, op) == tflite::BuiltinOperator_VAR_HANDLE) ++count;
    }
  }
  return count;
}

size_t TensorBytes(const tflite::Tensor& tensor) {
  size_t size = ElementBytes(tensor.type());
  if (tensor.shape() != nullptr) {
    for (const int32_t dim : *tensor.shape()) size *= static_cast<size_t>(dim);
  }
  return size;
}

uint32_t StateBytes(const tflite::Model& model) {
  size_t bytes = 0;
  for (uint32_t index = 0; index < model.subgraphs()->size(); ++index) {
    const tflite::SubGraph& graph = *model.subgraphs()->Get(index);
    for (const tflite::Tensor* tensor : *graph.tensors()) {
      if (tensor->is_variable()) bytes += TensorBytes(*tensor);
    }
    for (uint32_t op = 0; op < graph.operators()->size(); ++op) {
      const char* name = AssignedVariable(model, index, op);
      if (name == nullptr || AssignedBefore(model, name, index, op)) continue;
      const int32_t value = graph.operators()->Get(op)->inputs()->Get(1);
      bytes += TensorBytes(*graph.tensors()->Get(static_cast<uint32_t>(value)));
    }
  }
  return static_cast<uint32_t>(bytes);
}

bool IsConstant(const tflite::Model& model, const tflite::SubGraph& graph, size_t tensor) {
  const uint32_t buffer = graph.tensors()->Get(static_cast<uint32_t>(tensor))->buffer();
  const auto* data = model.buffers()->Get(buffer)->data();
  return data != nullptr && data->size() > 0;
}

size_t ElementBytes(tflite::TensorType type) {
  switch (type) {
    case tflite::TensorType_BOOL:
    case tflite::TensorType_INT8:
    case tflite::TensorType_UINT8:
      return 1;
    case tflite::TensorType_INT16:
    case tflite::TensorType_UINT16:
    case tflite::TensorType_FLOAT16:
      return 2;
    case tflite::TensorType_FLOAT32:
    case tflite::TensorType_INT32:
    case tflite::TensorType_UINT32:
      return 4;
    case tflite::TensorType_INT64:
    case tflite::TensorType_UINT64:
    case tflite::TensorType_FLOAT64:
      return 8;
    default:
      return 0;
  }
}

}  // namespace hil::engine
