// TensorFlow Lite Micro behind engine.h.
//
//   arena        everything that TFLM allocates; the interpreter object itself is static
//   ResetState   MicroInterpreter::Reset() zeroes variable tensors. Resource variables it cannot
//                bring back to what CALL_ONCE gave them, so a model that has any is set up anew:
//                the contract is "as right after Load"
//   refusals     TFLM neither verifies a FlatBuffer nor checks indices before it follows them, so
//                CheckModel does that first; an arena that is too small is noticed by Arena; what
//                TFLM prints while it refuses becomes Failure::text
#include "engine/engine.h"

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <new>

#include "engine/tflm/arena.h"
#include "engine/tflm/messages.h"
#include "engine/tflm/model_check.h"
#include "engine/tflm/traced_operators.h"
#include "tensorflow/lite/micro/memory_planner/greedy_memory_planner.h"
#include "tensorflow/lite/micro/memory_planner/linear_memory_planner.h"
#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_interpreter_context.h"
#include "tensorflow/lite/micro/micro_interpreter_graph.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace hil::engine {
namespace {

using State = tflite::MicroInterpreterContext::InterpreterState;

constexpr size_t kArenaAlignment = 16;

constexpr size_t Aligned(size_t bytes) {
  return (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
}

// The interpreter, and where its graph stands.
class Interpreter final : public tflite::MicroInterpreter {
 public:
  using MicroInterpreter::MicroInterpreter;

  tflite::MicroInterpreterGraph& graph() const {
    return static_cast<tflite::MicroInterpreterGraph&>(micro().graph());
  }
  State state() const { return micro().GetInterpreterState(); }

 private:
  tflite::MicroInterpreterContext& micro() const {
    return *static_cast<tflite::MicroInterpreterContext*>(context().impl_);
  }
};

class Session {
 public:
  Status Load(Span<const uint8_t> bytes, Span<uint8_t> arena, const Options& options,
              Failure* failure) {
    Unload();
    *failure = Failure();
    const Status checked = CheckModel(bytes, operators_, failure);
    if (checked != Status::kOk) return checked;
    if (reinterpret_cast<uintptr_t>(arena.data()) % kArenaAlignment != 0) {
      messages::Format(failure->text, sizeof failure->text, "the arena is not aligned to %u bytes",
                       static_cast<unsigned>(kArenaAlignment));
      return failure->status = Status::kArenaTooSmall;
    }
    model_ = tflite::GetModel(bytes.data());
    memory_ = arena;
    options_ = options;
    return SetUp(failure);
  }

  // The interpreter is left without its destructor: that would follow pointers into an arena and a
  // model that the caller may have given up by then, and all that it owns is in that arena.
  void Unload() { loaded_ = false; }

  bool loaded() const { return loaded_; }
  Interpreter& interpreter() const { return *interpreter_; }
  const tflite::Model& model() const { return *model_; }
  const tflite::SubGraph& main() const { return *model_->subgraphs()->Get(0); }
  bool preserves_all() const { return options_.preserve_all_tensors; }
  TracedOperators& operators() { return operators_; }

  // Where the inputs are no longer what was written after this: models with resource variables.
  Status ResetState() {
    if (CountResourceVariables(*model_) > 0) {
      Failure failure;
      Unload();
      return SetUp(&failure);
    }
    return interpreter().Reset() == kTfLiteOk ? Status::kOk : Status::kInvokeFailed;
  }

  Status Invoke(Failure* failure) {
    *failure = Failure();
    messages::Forget();
    if (interpreter().Invoke() == kTfLiteOk) return Status::kOk;
    // Once more, looking on: a run that goes well shall not pay for it.
    operators_.SetWatching(true);
    interpreter().Invoke();
    operators_.SetWatching(false);
    return Refuse(failure, Status::kInvokeFailed, operators_.failed(), "failed");
  }

  ArenaUse Use() const {
    ArenaUse use;
    use.total_bytes = static_cast<uint32_t>(NeededBytes());
    use.activation_bytes = static_cast<uint32_t>(arena_->GetNonPersistentUsedBytes());
    use.state_bytes = StateBytes(*model_) + OperatorStateBytes();
    return use;
  }

 private:
  Status SetUp(Failure* failure) {
    messages::Forget();
    interpreter_ = nullptr;
    std::jmp_buf no_memory;
    if (setjmp(no_memory) != 0) {
      Arena::Disarm();
      return ArenaTooSmall(failure, Arena::ledger().missing_bytes);
    }
    arena_ = Arena::Create(memory_, &no_memory);
    planner_ = nullptr;
    tflite::MicroMemoryPlanner* planner;
    if (options_.preserve_all_tensors) {
      planner = arena_->Make<tflite::LinearMemoryPlanner>();
    } else {
      planner = planner_ = arena_->Make<tflite::GreedyMemoryPlanner>();
    }
    tflite::MicroAllocator* allocator = tflite::MicroAllocator::Create(arena_, planner);
    tflite::MicroResourceVariables* resources = nullptr;
    if (const int count = CountResourceVariables(*model_)) {
      resources = tflite::MicroResourceVariables::Create(allocator, count);
    }
    interpreter_ = new (storage_) Interpreter(model_, operators_, allocator, resources);
    loaded_ = interpreter_->AllocateTensors() == kTfLiteOk;
    Arena::Disarm();
    return loaded_ ? Status::kOk : Refused(failure);
  }

  // Of operators that have something to reset, as those of the signal library do.
  uint32_t OperatorStateBytes() const {
    const tflite::SubgraphAllocations* graphs = interpreter_->graph().GetAllocations();
    size_t bytes = 0;
    for (uint32_t index = 0; index < model_->subgraphs()->size(); ++index) {
      const tflite::SubGraph& graph = *model_->subgraphs()->Get(index);
      for (uint32_t op = 0; op < graph.operators()->size(); ++op) {
        const TFLMRegistration* registration =
            graphs[index].node_and_registrations[op].registration;
        if (registration->reset == nullptr) continue;
        for (const int32_t output : *graph.operators()->Get(op)->outputs()) {
          if (output >= 0)
            bytes += TensorBytes(*graph.tensors()->Get(static_cast<uint32_t>(output)));
        }
      }
    }
    return static_cast<uint32_t>(bytes);
  }

  // The arena that is just enough: the planner, too, must have had room for its tables.
  size_t NeededBytes() const {
    const ArenaLedger& ledger = Arena::ledger();
    size_t tables = 0;
    if (planner_ != nullptr) {
      tables = static_cast<size_t>(planner_->GetBufferCount()) *
               tflite::GreedyMemoryPlanner::per_buffer_size();
    }
    const size_t planning =
        ledger.plan_persistent_bytes + Aligned(Aligned(ledger.plan_temporary_bytes) + tables);
    return Aligned(std::max({ledger.most_bytes, planning, interpreter().arena_used_bytes()}));
  }

  // AllocateTensors() says "error" only; the graph has stopped where it was.
  Status Refused(Failure* failure) {
    Place place;
    if (interpreter_->state() == State::kPrepare) {
      auto& graph = interpreter_->graph();
      place.subgraph = static_cast<int16_t>(graph.GetCurrentSubgraphIndex());
      place.op = static_cast<int16_t>(graph.GetCurrentOperatorIndex());
      place.builtin_code = static_cast<int16_t>(
          BuiltinCode(*model_, static_cast<size_t>(place.subgraph), static_cast<size_t>(place.op)));
    } else if (interpreter_->state() == State::kMemoryPlanning && planner_ != nullptr) {
      // What can go wrong there is that the planner has no room for its tables.
      return ArenaTooSmall(failure, tflite::GreedyMemoryPlanner::per_buffer_size());
    }
    return Refuse(failure, Status::kUnsupportedOption, place, "refuses the model");
  }

  // The first allocation that did not fit; more may follow it.
  Status ArenaTooSmall(Failure* failure, size_t missing) {
    failure->status = Status::kArenaTooSmall;
    failure->available_bytes = static_cast<uint32_t>(memory_.size());
    failure->needed_bytes = static_cast<uint32_t>(memory_.size() + missing);
    messages::Format(failure->text, sizeof failure->text,
                     "the set-up stopped where the arena was full, which gives the least");
    return failure->status;
  }

  Status Refuse(Failure* failure, Status status, const Place& place, const char* what) {
    failure->status = status;
    failure->subgraph = place.subgraph;
    failure->op_index = place.op;
    failure->builtin_code = place.builtin_code;
    if (place.op < 0) {
      messages::Format(failure->text, sizeof failure->text, "TFLM %s: %s", what, messages::First());
    } else {
      messages::Format(
          failure->text, sizeof failure->text, "operator %d %s in subgraph %d %s: %s", place.op,
          tflite::EnumNameBuiltinOperator(static_cast<tflite::BuiltinOperator>(place.builtin_code)),
          place.subgraph, what, messages::First());
    }
    return status;
  }

  TracedOperators operators_;
  const tflite::Model* model_ = nullptr;
  Span<uint8_t> memory_;
  Options options_;
  Arena* arena_ = nullptr;
  tflite::GreedyMemoryPlanner* planner_ = nullptr;
  Interpreter* interpreter_ = nullptr;
  bool loaded_ = false;
  alignas(Interpreter) uint8_t storage_[sizeof(Interpreter)];
};

// In the large memory, which is cleared at start-up and not initialised: made on first use.
__attribute__((section(".sram"))) alignas(Session) uint8_t g_session_storage[sizeof(Session)];

Session& TheSession() {
  static Session* session = nullptr;
  if (session == nullptr) session = new (g_session_storage) Session();
  return *session;
}

// What the FlatBuffer says about a tensor; the bytes are the caller's to find.
Status Describe(const tflite::SubGraph& graph, size_t index, uint8_t* data, Tensor* out) {
  const tflite::Tensor& tensor = *graph.tensors()->Get(static_cast<uint32_t>(index));
  *out = Tensor();
  out->type = static_cast<TensorType>(tensor.type());
  size_t elements = 1;
  if (tensor.shape() != nullptr) {
    out->rank = static_cast<uint8_t>(tensor.shape()->size());  // CheckModel: at most kMaxRank
    for (size_t i = 0; i < out->rank; ++i) {
      out->dims[i] = tensor.shape()->Get(static_cast<uint32_t>(i));
      elements *= static_cast<size_t>(out->dims[i]);
    }
  }
  const tflite::QuantizationParameters* quantization = tensor.quantization();
  if (quantization != nullptr && quantization->scale() != nullptr &&
      quantization->scale()->size() == 1) {
    out->scale = quantization->scale()->Get(0);
    if (quantization->zero_point() != nullptr && quantization->zero_point()->size() == 1) {
      out->zero_point = static_cast<int32_t>(quantization->zero_point()->Get(0));
    }
  }
  out->bytes = Span<uint8_t>(data, elements * ElementBytes(tensor.type()));
  if (tensor.name() != nullptr) out->name = tensor.name()->c_str();
  return Status::kOk;
}

Status DescribeEnd(const flatbuffers::Vector<int32_t>& indices, size_t at, TfLiteTensor* memory,
                   Tensor* tensor) {
  return Describe(TheSession().main(), static_cast<size_t>(indices.Get(static_cast<uint32_t>(at))),
                  memory->data.uint8, tensor);
}

}  // namespace

Status Load(Span<const uint8_t> model, Span<uint8_t> arena, const Options& options,
            Failure* failure) {
  return TheSession().Load(model, arena, options, failure);
}

void Unload() { TheSession().Unload(); }

ArenaUse GetArenaUse() { return TheSession().loaded() ? TheSession().Use() : ArenaUse(); }

size_t SubgraphCount() {
  return TheSession().loaded() ? TheSession().model().subgraphs()->size() : 0;
}

size_t OpCount(size_t subgraph) {
  if (subgraph >= SubgraphCount()) return 0;
  return TheSession()
      .model()
      .subgraphs()
      ->Get(static_cast<uint32_t>(subgraph))
      ->operators()
      ->size();
}

size_t InputCount() { return TheSession().loaded() ? TheSession().interpreter().inputs_size() : 0; }

size_t OutputCount() {
  return TheSession().loaded() ? TheSession().interpreter().outputs_size() : 0;
}

Status Input(size_t index, Tensor* tensor) {
  if (!TheSession().loaded()) return Status::kNoModel;
  if (index >= InputCount()) return Status::kBadIndex;
  Interpreter& interpreter = TheSession().interpreter();
  return DescribeEnd(interpreter.inputs(), index, interpreter.input(index), tensor);
}

Status Output(size_t index, Tensor* tensor) {
  if (!TheSession().loaded()) return Status::kNoModel;
  if (index >= OutputCount()) return Status::kBadIndex;
  Interpreter& interpreter = TheSession().interpreter();
  return DescribeEnd(interpreter.outputs(), index, interpreter.output(index), tensor);
}

Status ResetState() { return TheSession().loaded() ? TheSession().ResetState() : Status::kNoModel; }

Status Invoke(Failure* failure) {
  if (TheSession().loaded()) return TheSession().Invoke(failure);
  *failure = Failure();
  return failure->status = Status::kNoModel;
}

Status ReadTensor(size_t subgraph, size_t index, Tensor* tensor) {
  if (!TheSession().loaded()) return Status::kNoModel;
  if (subgraph >= SubgraphCount()) return Status::kBadIndex;
  const tflite::Model& model = TheSession().model();
  const tflite::SubGraph& graph = *model.subgraphs()->Get(static_cast<uint32_t>(subgraph));
  if (index >= graph.tensors()->size()) return Status::kBadIndex;
  const bool keeps_its_memory = TheSession().preserves_all() || IsConstant(model, graph, index) ||
                                graph.tensors()->Get(static_cast<uint32_t>(index))->is_variable();
  const TfLiteEvalTensor& eval =
      TheSession().interpreter().graph().GetAllocations()[subgraph].tensors[index];
  if (!keeps_its_memory || eval.data.data == nullptr) return Status::kNotReadable;
  return Describe(graph, index, static_cast<uint8_t*>(eval.data.data), tensor);
}

void SetProfiler(Profiler* profiler) { TheSession().operators().SetProfiler(profiler); }

const char* TakeMessage() { return messages::TakeUnsaid(); }

}  // namespace hil::engine
