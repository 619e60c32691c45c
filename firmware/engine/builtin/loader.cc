#include "engine/builtin/loader.h"

#include <cstring>

#include "engine/builtin/kernel.h"
#include "engine/builtin/planner.h"
#include "engine/builtin/schema.h"
#include "engine/builtin/text.h"

namespace hil::engine::builtin {
namespace {

constexpr size_t kHeaderBytes = 8;  // root offset, file identifier
constexpr unsigned kMaxNesting = 8;
constexpr uint16_t kNever = 0xFFFF;
constexpr uint32_t kMostBytes = 0x7FFFFFFF;

struct Loader {
  Model* model;
  Failure* failure;
  uint32_t time = 0;

  Text Say(Status status) {
    failure->status = status;
    return Text(failure->text, sizeof(failure->text));
  }

  Status Corrupt(const char* what) {
    Say(Status::kCorruptModel) << "the model is damaged: " << what;
    return Status::kCorruptModel;
  }

  Status CorruptOperator(size_t subgraph, size_t index, const char* what) {
    failure->subgraph = static_cast<int16_t>(subgraph);
    failure->op_index = static_cast<int16_t>(index);
    Say(Status::kCorruptModel) << "the model is damaged: operator " << static_cast<uint32_t>(index)
                               << " in subgraph " << static_cast<uint32_t>(subgraph) << " " << what;
    return Status::kCorruptModel;
  }

  Status CheckHeader(Span<const uint8_t> bytes);
  Status CheckOperators();
  Status MakeGraphs();
  Status MakeTensors(size_t index);
  Status MakeTensor(const Table& table, TensorSlot* slot);
  Status FindConstant(const Table& table, TensorSlot* slot);
  Status Walk(uint32_t index, unsigned nesting);
  Status WalkOperator(uint32_t index, uint32_t op_index, unsigned nesting);
  void Share(uint32_t index);
  Status PrepareAll();
  Status CheckOutputs();
  Status CheckDescriptions();
  Status ArenaTooSmall(uint64_t needed);
  uint64_t RoughNeed() const;
};

// The code of an operator: old files have it in one byte, codes above 126 in a field of its own.
int OperatorCode(const Table& code) {
  const int old_field = code.Get<int8_t>(schema::operator_code::kDeprecatedCode, 0);
  const int new_field = code.Get<int32_t>(schema::operator_code::kCode, 0);
  return new_field > old_field ? new_field : old_field;
}

// The subgraphs that an operator runs.
size_t Children(const Table& op, int code, uint32_t children[2]) {
  const Table options = op.GetTable(schema::op::kOptions);
  if (code == schema::kWhile || code == schema::kIf) {
    children[0] = static_cast<uint32_t>(options.Get<int32_t>(0, 0));
    children[1] = static_cast<uint32_t>(options.Get<int32_t>(1, 0));
    return 2;
  }
  if (code == schema::kCallOnce) {
    children[0] = static_cast<uint32_t>(options.Get<int32_t>(0, 0));
    return 1;
  }
  return 0;
}

Status Loader::CheckHeader(Span<const uint8_t> bytes) {
  if (bytes.size() < kHeaderBytes || bytes.size() > kMostBytes) return Corrupt("its length");
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(uint32_t) != 0) {
    return Corrupt("it is not at a 4-byte boundary");
  }
  if (std::memcmp(bytes.data() + 4, schema::kFileIdentifier, 4) != 0) {
    return Corrupt("no TFL3 mark, so this is no .tflite file");
  }
  model->root = Table(&model->reader, model->reader.Follow(0));
  const uint32_t version = model->root.Get<uint32_t>(schema::model::kVersion, 0);
  if (model->reader.corrupt()) return Corrupt("its root table");
  if (version != schema::kVersion) {
    Say(Status::kUnsupportedSchema) << "schema version " << version << ", this engine reads 3";
    return Status::kUnsupportedSchema;
  }
  return Status::kOk;
}

// Refuses unknown operators before any arena is spent, so that they are named in any case.
Status Loader::CheckOperators() {
  const TableVector codes = model->root.GetTables(schema::model::kOperatorCodes);
  const TableVector graphs = model->root.GetTables(schema::model::kSubgraphs);
  for (size_t g = 0; g < graphs.count; ++g) {
    const TableVector ops = graphs[g].GetTables(schema::subgraph::kOperators);
    for (size_t i = 0; i < ops.count; ++i) {
      const Table op = ops[i];
      const uint32_t opcode_index = op.Get<uint32_t>(schema::op::kOpcodeIndex, 0);
      const Table code_table = codes[opcode_index];
      if (model->reader.corrupt() || opcode_index >= codes.count) {
        return CorruptOperator(g, i, "cannot be read");
      }
      const int code = OperatorCode(code_table);
      const int32_t version = code_table.Get<int32_t>(schema::operator_code::kVersion, 1);
      const Kernel* kernel = FindKernel(code);
      if (kernel != nullptr && version >= 1 && version <= kernel->max_version) {
        const auto options_type = op.Get<uint8_t>(schema::op::kOptionsType, 0);
        const bool wrong = kernel->options != schema::kNoOptions &&
                           options_type != kernel->options &&
                           op.GetTable(schema::op::kOptions).present();
        if (wrong) return CorruptOperator(g, i, "has options of another operator");
        continue;
      }
      failure->subgraph = static_cast<int16_t>(g);
      failure->op_index = static_cast<int16_t>(i);
      failure->builtin_code = static_cast<int16_t>(code);
      Text text = Say(Status::kUnsupportedOperator);
      text << "operator " << static_cast<uint32_t>(i) << " ";
      if (code == schema::kCustom) {
        text << "custom " << code_table.GetString(schema::operator_code::kCustomName);
      } else {
        text << OperatorName(code);
      }
      text << " in subgraph " << static_cast<uint32_t>(g);
      if (kernel == nullptr) {
        text << " is not part of the builtin engine";
      } else {
        text << " has version " << version << ", the builtin engine knows 1 to "
             << static_cast<int32_t>(kernel->max_version);
      }
      return Status::kUnsupportedOperator;
    }
  }
  return model->reader.corrupt() ? Corrupt("its list of operators") : Status::kOk;
}

Status Loader::MakeGraphs() {
  const TableVector graphs = model->root.GetTables(schema::model::kSubgraphs);
  if (graphs.count == 0) return Corrupt("it has no subgraph");
  model->subgraph_count = graphs.count;
  model->subgraphs = model->arena.Make<Subgraph>(graphs.count);
  for (size_t g = 0; g < graphs.count; ++g) {
    const Table table = graphs[g];
    Subgraph counts;
    counts.tensor_count = table.GetTables(schema::subgraph::kTensors).count;
    counts.node_count = table.GetTables(schema::subgraph::kOperators).count;
    counts.inputs = table.GetScalars<int32_t>(schema::subgraph::kInputs);
    counts.outputs = table.GetScalars<int32_t>(schema::subgraph::kOutputs);
    counts.tensors = model->arena.Make<TensorSlot>(counts.tensor_count);
    counts.nodes = model->arena.Make<Node>(counts.node_count);
    if (model->reader.corrupt()) return Corrupt("its subgraphs");
    if (!model->arena.overflowed()) model->subgraphs[g] = counts;
  }
  if (model->arena.overflowed()) return ArenaTooSmall(RoughNeed());
  for (size_t g = 0; g < graphs.count; ++g) HIL_TRY(MakeTensors(g));
  return Status::kOk;
}

Status Loader::MakeTensors(size_t index) {
  Subgraph& graph = model->subgraphs[index];
  const TableVector tables = model->SubgraphTable(index).GetTables(schema::subgraph::kTensors);
  for (uint32_t t = 0; t < graph.tensor_count; ++t) {
    HIL_TRY(MakeTensor(tables[t], &graph.tensors[t]));
  }
  const TableVector codes = model->root.GetTables(schema::model::kOperatorCodes);
  for (uint32_t i = 0; i < graph.node_count; ++i) {
    const Table op = model->OperatorTable(index, i);
    const uint32_t opcode_index = op.Get<uint32_t>(schema::op::kOpcodeIndex, 0);
    graph.nodes[i].kernel = FindKernel(OperatorCode(codes[opcode_index]));
  }
  return Status::kOk;
}

Status Loader::MakeTensor(const Table& table, TensorSlot* slot) {
  const ScalarVector<int32_t> shape = table.GetScalars<int32_t>(schema::tensor::kShape);
  slot->table = static_cast<uint32_t>(table.position());
  slot->type = static_cast<TensorType>(table.Get<int8_t>(schema::tensor::kType, 0));
  slot->dims = shape.data();
  slot->first = kNever;
  slot->last = 0;
  if (model->reader.corrupt()) return Corrupt("a tensor's table");

  uint64_t bytes = ElementBytes(slot->type);
  bool refused = bytes == 0 || shape.count > kMaxRank ||
                 table.GetTable(schema::tensor::kSparsity).present() ||
                 table.Get<uint32_t>(schema::tensor::kExternalBuffer, 0) != 0;
  slot->rank = static_cast<uint8_t>(shape.count > kMaxRank ? kMaxRank : shape.count);
  for (uint32_t d = 0; d < slot->rank; ++d) {
    if (shape[d] <= 0) refused = true;
    if (!refused) bytes *= static_cast<uint32_t>(shape[d]);
    if (bytes > kMostBytes) return Corrupt("a tensor has more than 2 GB");
  }
  if (refused) {
    slot->flags |= TensorSlot::kRefused;
    return Status::kOk;
  }
  slot->bytes = static_cast<uint32_t>(bytes);
  if (table.Get<uint8_t>(schema::tensor::kIsVariable, 0) != 0) {
    slot->flags |= TensorSlot::kVariable;
    return Status::kOk;
  }
  return FindConstant(table, slot);
}

Status Loader::FindConstant(const Table& table, TensorSlot* slot) {
  const uint32_t index = table.Get<uint32_t>(schema::tensor::kBuffer, 0);
  const TableVector buffers = model->root.GetTables(schema::model::kBuffers);
  if (index >= buffers.count) {
    return index == 0 ? Status::kOk : Corrupt("a tensor's buffer does not exist");
  }
  const Table buffer = buffers[index];
  const ScalarVector<uint8_t> data = buffer.GetScalars<uint8_t>(schema::buffer::kData);
  if (buffer.Get<uint64_t>(schema::buffer::kOffset, 0) > 1) {
    return Corrupt("a constant lies behind the FlatBuffer, which needs more than 2 GB");
  }
  if (model->reader.corrupt()) return Corrupt("a constant's buffer");
  if (data.count == 0) return Status::kOk;
  if (data.count < slot->bytes) return Corrupt("a constant is shorter than its shape");
  const uint8_t* bytes = data.data();
  // 64-bit elements are read as two words by the core, so four bytes are always enough.
  const size_t element = ElementBytes(slot->type);
  if (reinterpret_cast<uintptr_t>(bytes) % (element > 4 ? 4 : element) != 0) {
    return Corrupt("a constant is not aligned");
  }
  slot->data = const_cast<uint8_t*>(bytes);  // kConstant: no operator may write to it
  slot->flags |= TensorSlot::kConstant;
  return Status::kOk;
}

// Lays the model out on one time line: operators one after the other, the subgraphs of a control
// operator inside of it. On the way every tensor index is checked, and that nothing is read before
// it is written or written twice.
Status Loader::Walk(uint32_t index, unsigned nesting) {
  if (index >= model->subgraph_count) return Corrupt("an operator runs a missing subgraph");
  Subgraph& graph = model->subgraphs[index];
  if (graph.walk == Subgraph::Walk::kNow) return Corrupt("a subgraph runs itself");
  if (graph.walk != Subgraph::Walk::kNot) {
    Share(index);
    return Status::kOk;
  }
  if (nesting > kMaxNesting) return Corrupt("subgraphs are nested too deeply");
  graph.walk = Subgraph::Walk::kNow;
  graph.begin = static_cast<uint16_t>(time++);
  for (uint32_t i = 0; i < graph.inputs.count; ++i) {
    const int32_t t = graph.inputs[i];
    if (t < 0 || static_cast<uint32_t>(t) >= graph.tensor_count) return Corrupt("a graph input");
    TensorSlot& slot = graph.tensors[t];
    if (slot.Is(TensorSlot::kRefused)) {
      failure->subgraph = static_cast<int16_t>(index);
      Say(Status::kUnsupportedShape) << "input " << i << " of subgraph " << index
                                     << " has a dynamic or empty shape or an unknown type";
      return Status::kUnsupportedShape;
    }
    if (slot.flags != 0) return Corrupt("a graph input is constant, state or listed twice");
    slot.flags |= TensorSlot::kWritten;
    slot.first = slot.last = graph.begin;
  }
  for (uint32_t i = 0; i < graph.node_count; ++i) HIL_TRY(WalkOperator(index, i, nesting));
  if (time >= kNever - 1) return Corrupt("it has more than 65,000 operators");
  graph.end = static_cast<uint16_t>(time++);
  for (uint32_t i = 0; i < graph.outputs.count; ++i) {
    const int32_t t = graph.outputs[i];
    if (t < 0 || static_cast<uint32_t>(t) >= graph.tensor_count) return Corrupt("a graph output");
    TensorSlot& slot = graph.tensors[t];
    if (slot.flags == 0 || slot.Is(TensorSlot::kRefused)) return Corrupt("an output is not made");
    slot.last = graph.end;
  }
  graph.walk = Subgraph::Walk::kDone;
  return Status::kOk;
}

Status Loader::WalkOperator(uint32_t index, uint32_t op_index, unsigned nesting) {
  Subgraph& graph = model->subgraphs[index];
  const Table op = model->OperatorTable(index, op_index);
  const ScalarVector<int32_t> inputs = op.GetScalars<int32_t>(schema::op::kInputs);
  const ScalarVector<int32_t> outputs = op.GetScalars<int32_t>(schema::op::kOutputs);
  const int code = graph.nodes[op_index].kernel->code;
  if (model->reader.corrupt()) return CorruptOperator(index, op_index, "cannot be read");
  if (time >= kNever - 1) return Corrupt("it has more than 65,000 operators");
  const auto now = static_cast<uint16_t>(time++);
  const auto refuse_tensor = [&](const char* which, uint32_t i, const TensorSlot& slot) {
    const bool type = ElementBytes(slot.type) == 0;
    failure->subgraph = static_cast<int16_t>(index);
    failure->op_index = static_cast<int16_t>(op_index);
    failure->builtin_code = static_cast<int16_t>(code);
    const Status status = type ? Status::kUnsupportedType : Status::kUnsupportedShape;
    Say(status) << "operator " << op_index << " " << OperatorName(code) << " in subgraph " << index
                << ": " << which << " " << i
                << (type ? " has type " : " has a dynamic, empty, sparse or too deep shape")
                << (type ? TypeName(slot.type) : "");
    return status;
  };

  for (uint32_t i = 0; i < inputs.count; ++i) {
    const int32_t t = inputs[i];
    if (t == -1) continue;  // omitted
    if (t < 0 || static_cast<uint32_t>(t) >= graph.tensor_count) {
      return CorruptOperator(index, op_index, "reads a missing tensor");
    }
    TensorSlot& slot = graph.tensors[t];
    if (slot.Is(TensorSlot::kRefused)) return refuse_tensor("input", i, slot);
    if (slot.flags == 0) return CorruptOperator(index, op_index, "reads what nothing has written");
    if (slot.last < now) slot.last = now;
  }
  for (uint32_t i = 0; i < outputs.count; ++i) {
    const int32_t t = outputs[i];
    if (t < 0 || static_cast<uint32_t>(t) >= graph.tensor_count) {
      return CorruptOperator(index, op_index, "writes a missing tensor");
    }
    TensorSlot& slot = graph.tensors[t];
    if (slot.Is(TensorSlot::kRefused)) return refuse_tensor("output", i, slot);
    if (slot.flags != 0) return CorruptOperator(index, op_index, "writes a tensor a second time");
    slot.flags |= TensorSlot::kWritten;
    slot.first = slot.last = now;
  }

  uint32_t children[2];
  const size_t child_count = Children(op, code, children);
  for (size_t c = 0; c < child_count; ++c) HIL_TRY(Walk(children[c], nesting + 1));
  // IF hands its inputs to whichever branch runs, and the second one comes later on the time line.
  for (uint32_t i = 0; code == schema::kIf && i < inputs.count; ++i) {
    if (inputs[i] >= 0) graph.tensors[inputs[i]].last = static_cast<uint16_t>(time);
  }
  for (uint32_t i = 0; child_count != 0 && i < outputs.count; ++i) {
    graph.tensors[outputs[i]].last = static_cast<uint16_t>(time);
  }
  if (child_count != 0) ++time;
  return Status::kOk;
}

// A subgraph that runs at more than one point of the time line keeps its memory to itself.
void Loader::Share(uint32_t index) {
  Subgraph& graph = model->subgraphs[index];
  if (graph.walk == Subgraph::Walk::kShared) return;
  graph.walk = Subgraph::Walk::kShared;
  for (uint32_t t = 0; t < graph.tensor_count; ++t) {
    graph.tensors[t].first = 0;
    graph.tensors[t].last = kNever;
  }
  for (uint32_t i = 0; i < graph.node_count; ++i) {
    uint32_t children[2];
    const size_t count =
        Children(model->OperatorTable(index, i), graph.nodes[i].kernel->code, children);
    for (size_t c = 0; c < count; ++c) Share(children[c]);
  }
}

Status Loader::PrepareAll() {
  for (uint32_t g = 0; g < model->subgraph_count; ++g) {
    if (model->subgraphs[g].walk == Subgraph::Walk::kNot) continue;  // nothing runs it
    for (uint32_t i = 0; i < model->subgraphs[g].node_count; ++i) {
      Preparation preparation(model, g, i, failure);
      const Status status = model->subgraphs[g].nodes[i].kernel->prepare(preparation);
      // First: what cannot be read makes an operator refuse for reasons that are none.
      if (model->reader.corrupt()) return CorruptOperator(g, i, "has damaged options or tensors");
      HIL_TRY(status);
    }
  }
  return Status::kOk;
}

// A model without outputs, or of which every output is an input or a constant, has lost their list:
// nothing of what it computes could be seen.
Status Loader::CheckOutputs() {
  const Subgraph& main = model->subgraphs[0];
  if (main.node_count == 0) return Status::kOk;
  if (main.outputs.count == 0) return Corrupt("it has no output");
  for (uint32_t i = 0; i < main.outputs.count; ++i) {
    const TensorSlot& slot = main.tensors[main.outputs[i]];
    const bool input = slot.Is(TensorSlot::kWritten) && slot.first == main.begin;
    if (!input && !slot.Is(TensorSlot::kConstant)) return Status::kOk;
  }
  return Corrupt("every output is an input or a constant");
}

// What is read of tensors only after Load, to describe them: a mistake there would be found too
// late, when the reader that found it has no more answers.
Status Loader::CheckDescriptions() {
  for (uint32_t g = 0; g < model->subgraph_count; ++g) {
    for (uint32_t t = 0; t < model->subgraphs[g].tensor_count; ++t) {
      const TensorSlot& slot = model->subgraphs[g].tensors[t];
      const Table quantization = model->TensorTable(slot).GetTable(schema::tensor::kQuantization);
      quantization.GetScalars<float>(schema::quantization::kScale);
      quantization.GetScalars<int64_t>(schema::quantization::kZeroPoint);
      model->TensorName(slot);
      if (!model->reader.corrupt()) continue;
      failure->subgraph = static_cast<int16_t>(g);
      Say(Status::kCorruptModel) << "the model is damaged: name or scale of tensor " << t
                                 << " in subgraph " << g;
      return Status::kCorruptModel;
    }
  }
  return Status::kOk;
}

Status Loader::ArenaTooSmall(uint64_t needed) {
  failure->needed_bytes =
      static_cast<uint32_t>(needed > kMostBytes ? kMostBytes : AlignUp(needed, kArenaAlignment));
  failure->available_bytes = static_cast<uint32_t>(model->arena.capacity());
  Say(Status::kArenaTooSmall) << "the model needs an arena of " << failure->needed_bytes
                              << " bytes, there are " << failure->available_bytes;
  return Status::kArenaTooSmall;
}

// When not even the tables fit nothing can be planned: what would do in any case.
uint64_t Loader::RoughNeed() const {
  constexpr uint64_t kPerOperator = 1024;
  uint64_t need = model->arena.used();
  const TableVector graphs = model->root.GetTables(schema::model::kSubgraphs);
  for (size_t g = 0; g < graphs.count; ++g) {
    const TableVector tensors = graphs[g].GetTables(schema::subgraph::kTensors);
    need += kPerOperator * graphs[g].GetTables(schema::subgraph::kOperators).count;
    for (size_t t = 0; t < tensors.count; ++t) {
      const ScalarVector<int32_t> shape = tensors[t].GetScalars<int32_t>(schema::tensor::kShape);
      uint64_t bytes = 32;  // alignment, and per-channel parameters of the first dimension
      for (uint32_t d = 0; d < shape.count && bytes < kMostBytes; ++d) {
        bytes *= static_cast<uint64_t>(shape[d] > 0 ? shape[d] : 1);
      }
      need += bytes;
    }
  }
  return need;
}

}  // namespace

Status BuildModel(Span<const uint8_t> bytes, Span<uint8_t> arena, const Options& options,
                  Model* model, Failure* failure) {
  *model = Model();
  *failure = Failure();
  model->reader = Reader(bytes);
  model->arena = Arena(arena);
  model->preserve_all_tensors = options.preserve_all_tensors;
  Loader loader{model, failure};
  if (reinterpret_cast<uintptr_t>(arena.data()) % kArenaAlignment != 0) {
    return loader.ArenaTooSmall(arena.size() + kArenaAlignment);
  }
  HIL_TRY(loader.CheckHeader(bytes));
  HIL_TRY(loader.CheckOperators());
  HIL_TRY(loader.MakeGraphs());
  HIL_TRY(loader.Walk(0, 0));
  HIL_TRY(loader.CheckOutputs());
  // The caller's inputs stay as they are, so that the same Invoke can be repeated.
  Subgraph& main = model->subgraphs[0];
  for (uint32_t i = 0; i < main.inputs.count; ++i) main.tensors[main.inputs[i]].last = main.end;
  HIL_TRY(loader.CheckDescriptions());
  return loader.PrepareAll();
}

Status PlaceTensors(Model* model, Failure* failure) {
  Loader loader{model, failure};
  Arena& arena = model->arena;
  arena.Bytes(0, kPlanAlignment);  // padding is not state
  const size_t state_begin = arena.used();
  uint64_t planned = 0;
  for (uint32_t g = 0; g < model->subgraph_count; ++g) {
    Subgraph& graph = model->subgraphs[g];
    for (uint32_t t = 0; t < graph.tensor_count; ++t) {
      TensorSlot& slot = graph.tensors[t];
      if (slot.Is(TensorSlot::kVariable) && !slot.Is(TensorSlot::kRefused)) {
        slot.data = arena.Bytes(slot.bytes, kPlanAlignment);
      }
      if (slot.Is(TensorSlot::kWritten) && model->preserve_all_tensors) {
        slot.first = 0;
        slot.last = kNever;
      }
    }
  }
  for (Variable* v = model->variables; v != nullptr; v = v->next) {
    v->data = arena.Bytes(v->bytes, kPlanAlignment);
  }
  model->use.state_bytes = static_cast<uint32_t>(arena.used() - state_begin);

  ForEachPlanned(model, [&](TensorSlot& slot) { planned += AlignUp(slot.bytes, kPlanAlignment); });
  if (planned + arena.used() > kMostBytes) return loader.ArenaTooSmall(kMostBytes);
  const uint32_t region = PlanTensors(model);
  uint8_t* base = arena.Bytes(region, kArenaAlignment);
  if (arena.overflowed()) return loader.ArenaTooSmall(arena.used());
  ForEachPlanned(
      model, [&](TensorSlot& slot) { slot.data = base + reinterpret_cast<uintptr_t>(slot.data); });
  model->use.activation_bytes = region;
  model->use.total_bytes = static_cast<uint32_t>(arena.used());
  return Status::kOk;
}

void ClearState(Model* model) {
  for (uint32_t g = 0; g < model->subgraph_count; ++g) {
    Subgraph& graph = model->subgraphs[g];
    for (uint32_t t = 0; t < graph.tensor_count; ++t) {
      const TensorSlot& slot = graph.tensors[t];
      if (!slot.Is(TensorSlot::kVariable) || slot.data == nullptr) continue;
      int fill = 0;
      if (slot.type == TensorType::kInt8) {
        const Table quantization = model->TensorTable(slot).GetTable(schema::tensor::kQuantization);
        fill =
            static_cast<int>(quantization.GetScalars<int64_t>(schema::quantization::kZeroPoint)[0]);
      }
      std::memset(slot.data, fill, slot.bytes);
    }
  }
  for (Variable* v = model->variables; v != nullptr; v = v->next) {
    std::memset(v->data, 0, v->bytes);
  }
  ++model->state_epoch;
}

}  // namespace hil::engine::builtin
