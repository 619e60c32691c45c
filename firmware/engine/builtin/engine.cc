// engine.h on top of the Model: one model at a time, all of its memory in the caller's arena.
#include "engine/engine.h"

#include <cstring>

#include "engine/builtin/engine_limits.h"
#include "engine/builtin/kernel.h"
#include "engine/builtin/loader.h"
#include "engine/builtin/text.h"

namespace hil::engine {
namespace builtin {
namespace {

class Session final : public Runtime {
 public:
  Status Load(Span<const uint8_t> bytes, Span<uint8_t> arena, const Options& options,
              Failure* failure) {
    loaded_ = false;
    HIL_TRY(BuildModel(bytes, arena, options, &model_, failure));
    HIL_TRY(PlaceTensors(&model_, failure));
    ClearState(&model_);
    loaded_ = true;
    return Status::kOk;
  }

  void Unload() { loaded_ = false; }
  bool loaded() const { return loaded_; }
  Model& model() { return model_; }

  void set_profiler(Profiler* profiler) { profiler_ = profiler; }
  void set_operator_limit(uint32_t limit) { operator_limit_ = limit; }

  Status Invoke(Failure* failure) {
    *failure = Failure();
    failure_ = failure;
    operators_left_ = operator_limit_;
    const Status status = RunSubgraph(0);
    failure_ = nullptr;
    return status;
  }

  Status RunSubgraph(size_t index) override {
    const Subgraph& graph = model_.subgraphs[index];
    const auto subgraph = static_cast<uint16_t>(index);
    for (uint32_t i = 0; i < graph.node_count; ++i) {
      const Node& node = graph.nodes[i];
      const auto op = static_cast<uint16_t>(i);
      const auto code = static_cast<uint16_t>(node.kernel->code);
      if (operators_left_-- == 0) {
        return Name(Fail("more operators ran than the limit allows: an endless loop?"), index, i);
      }
      if (profiler_ != nullptr) profiler_->OpBegin(subgraph, op, code);
      const Status status = node.kernel->eval(node.data, *this);
      if (profiler_ != nullptr) profiler_->OpEnd(subgraph, op, code);
      if (status != Status::kOk) return Name(status, index, i);
    }
    return Status::kOk;
  }

  Status Fail(const char* words) override {
    failure_->status = Status::kInvokeFailed;
    Text(failure_->text, sizeof(failure_->text)) << words;
    return Status::kInvokeFailed;
  }

 private:
  // Notes where a failure happened: the innermost operator, which comes first.
  Status Name(Status status, size_t subgraph, size_t op) {
    if (failure_->op_index < 0) {
      failure_->subgraph = static_cast<int16_t>(subgraph);
      failure_->op_index = static_cast<int16_t>(op);
      failure_->builtin_code = model_.subgraphs[subgraph].nodes[op].kernel->code;
    }
    return status;
  }

  Model model_;
  Profiler* profiler_ = nullptr;
  Failure* failure_ = nullptr;
  uint32_t operator_limit_ = kDefaultOperatorLimit;
  uint32_t operators_left_ = 0;
  bool loaded_ = false;
};

Session session;

Status Describe(const TensorSlot& slot, Tensor* tensor) {
  *tensor = Tensor();
  tensor->type = slot.type;
  tensor->rank = slot.rank;
  for (size_t d = 0; d < slot.rank; ++d) tensor->dims[d] = slot.dims[d];
  const Table quantization =
      session.model().TensorTable(slot).GetTable(schema::tensor::kQuantization);
  const auto scales = quantization.GetScalars<float>(schema::quantization::kScale);
  if (scales.count == 1) {
    tensor->scale = scales[0];
    const auto zero_points = quantization.GetScalars<int64_t>(schema::quantization::kZeroPoint);
    tensor->zero_point = static_cast<int32_t>(zero_points[0]);
  }
  tensor->bytes = Span<uint8_t>(slot.data, slot.bytes);
  tensor->name = session.model().TensorName(slot);
  // Load has looked at all of this: wrong now is a FlatBuffer that has changed since.
  return session.model().reader.corrupt() ? Status::kCorruptModel : Status::kOk;
}

Status GraphTensor(const ScalarVector<int32_t>& list, size_t index, Tensor* tensor) {
  if (!session.loaded()) return Status::kNoModel;
  if (index >= list.count) return Status::kBadIndex;
  return Describe(session.model().subgraphs[0].tensors[list[index]], tensor);
}

// Whether a planned tensor's memory is its own for good.
bool Lasts(size_t subgraph, const TensorSlot& slot) {
  const Model& model = session.model();
  if (model.preserve_all_tensors) return true;
  return subgraph == 0 && slot.last == model.subgraphs[0].end;
}

}  // namespace

void SetOperatorLimit(uint32_t operators) { session.set_operator_limit(operators); }

}  // namespace builtin

using builtin::session;

const Identity& GetIdentity() {
  static constexpr Identity kIdentity = {"builtin", "1.0", "portable"};
  return kIdentity;
}

Status Load(Span<const uint8_t> model, Span<uint8_t> arena, const Options& options,
            Failure* failure) {
  return session.Load(model, arena, options, failure);
}

void Unload() { session.Unload(); }

ArenaUse GetArenaUse() { return session.loaded() ? session.model().use : ArenaUse(); }

size_t SubgraphCount() { return session.loaded() ? session.model().subgraph_count : 0; }

size_t OpCount(size_t subgraph) {
  return subgraph < SubgraphCount() ? session.model().subgraphs[subgraph].node_count : 0;
}

size_t InputCount() { return session.loaded() ? session.model().subgraphs[0].inputs.count : 0; }

size_t OutputCount() { return session.loaded() ? session.model().subgraphs[0].outputs.count : 0; }

Status Input(size_t index, Tensor* tensor) {
  if (!session.loaded()) return Status::kNoModel;
  return builtin::GraphTensor(session.model().subgraphs[0].inputs, index, tensor);
}

Status Output(size_t index, Tensor* tensor) {
  if (!session.loaded()) return Status::kNoModel;
  return builtin::GraphTensor(session.model().subgraphs[0].outputs, index, tensor);
}

Status ResetState() {
  if (!session.loaded()) return Status::kNoModel;
  builtin::ClearState(&session.model());
  return Status::kOk;
}

Status Invoke(Failure* failure) {
  if (!session.loaded()) {
    *failure = Failure();
    failure->status = Status::kNoModel;
    builtin::Text(failure->text, sizeof(failure->text)) << "no model is loaded";
    return Status::kNoModel;
  }
  return session.Invoke(failure);
}

Status ReadTensor(size_t subgraph, size_t index, Tensor* tensor) {
  using builtin::TensorSlot;
  if (!session.loaded()) return Status::kNoModel;
  if (subgraph >= SubgraphCount()) return Status::kBadIndex;
  const builtin::Subgraph& graph = session.model().subgraphs[subgraph];
  if (index >= graph.tensor_count) return Status::kBadIndex;
  const TensorSlot& slot = graph.tensors[index];
  const bool readable = slot.Is(TensorSlot::kConstant) || slot.Is(TensorSlot::kVariable) ||
                        (slot.Is(TensorSlot::kWritten) && builtin::Lasts(subgraph, slot));
  if (!readable || slot.Is(TensorSlot::kRefused)) return Status::kNotReadable;
  return builtin::Describe(slot, tensor);
}

void SetProfiler(Profiler* profiler) { session.set_profiler(profiler); }

// What it has to say is in Failure::text.
const char* TakeMessage() { return nullptr; }

}  // namespace hil::engine
