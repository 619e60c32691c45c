// What an operator's implementation is: a name, the versions it covers, Prepare and Eval.
//
// Prepare runs once, at Load. It checks everything that can be checked (types, shapes, options,
// scales), computes what does not change and leaves it in the arena. Eval is the hot path: it
// trusts what Prepare let pass and looks only at values that are not known before.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/builtin/graph.h"
#include "engine/builtin/schema.h"
#include "engine/builtin/text.h"

namespace hil::engine::builtin {

// Runs subgraphs for the operators that contain some (WHILE, CALL_ONCE).
class Runtime {
 public:
  virtual Status RunSubgraph(size_t index) = 0;
  // An operator cannot go on; `words` says why. Returns kInvokeFailed.
  virtual Status Fail(const char* words) = 0;

 protected:
  ~Runtime() = default;
};

// Scale and zero point of a tensor that is quantised as a whole.
struct Affine {
  float scale = 0.0F;
  int32_t zero_point = 0;
};

class Preparation {
 public:
  Preparation(Model* model, size_t subgraph, size_t index, Failure* failure);

  size_t InputCount() const { return inputs_.count; }
  size_t OutputCount() const { return outputs_.count; }
  bool HasInput(size_t i) const { return i < inputs_.count && inputs_[i] >= 0; }
  // Only for i < InputCount() (or HasInput(i), where an input may be omitted) and OutputCount().
  TensorSlot* Input(size_t i) const;
  TensorSlot* Output(size_t i) const;
  const Table& options() const { return options_; }
  Model& model() const { return *model_; }
  Subgraph& subgraph() const { return model_->subgraphs[subgraph_]; }

  // --- Checks: kOk, or the refusal that they have written into the failure. ---
  Status ExpectCounts(size_t inputs, size_t outputs);
  Status ExpectType(const TensorSlot& slot, TensorType type);
  Status ExpectSameShape(const TensorSlot& a, const TensorSlot& b);
  // A refusal: `type` is none of those that the operator takes, as "float32 or int8".
  Status RefuseType(TensorType type, const char* types);
  // The tensor must be quantised as a whole, with a finite positive scale and a zero point that its
  // type holds.
  Status ExpectAffine(const TensorSlot& slot, Affine* affine);
  // A constant int32 tensor's values, as the operator takes them from its input `i`.
  Status ExpectConstantInts(size_t i, const int32_t** values, size_t* count);

  ScalarVector<float> Scales(const TensorSlot& slot) const;
  ScalarVector<int64_t> ZeroPoints(const TensorSlot& slot) const;
  int32_t QuantizedDimension(const TensorSlot& slot) const;

  // --- Memory. All return nullptr when the arena is full: then return kOk, Load counts on. ---
  template <typename T>
  T* MakeData() {
    T* data = model_->arena.Make<T>();
    model_->subgraphs[subgraph_].nodes[index_].data = data;
    return data;
  }
  template <typename T>
  T* MakeArray(size_t count) {
    return model_->arena.Make<T>(count);
  }
  // Leaves a copy of what Prepare has found to Eval: the last line of most of them.
  template <typename T>
  Status Keep(const T& found) {
    if (T* data = MakeData<T>()) *data = found;
    return Status::kOk;
  }
  // The data of an earlier operator of the same kernel, newest first, for sharing tables:
  // calls `visit(data)` until it returns true.
  template <typename Visit>
  bool FindEarlier(Visit visit) const {
    for (size_t g = 0; g <= subgraph_; ++g) {
      const Subgraph& graph = model_->subgraphs[g];
      const size_t end = g == subgraph_ ? index_ : graph.node_count;
      for (size_t i = 0; i < end; ++i) {
        const Node& node = graph.nodes[i];
        if (node.kernel == kernel() && node.data != nullptr && visit(node.data)) return true;
      }
    }
    return false;
  }
  // The same for the operators of one kernel in this subgraph only.
  template <typename Visit>
  bool FindInSubgraph(const Kernel& wanted, Visit visit) const {
    for (size_t i = 0; i < index_; ++i) {
      const Node& node = model_->subgraphs[subgraph_].nodes[i];
      if (node.kernel == &wanted && node.data != nullptr && visit(node.data)) return true;
    }
    return false;
  }

  // Lets another kernel run this operator: one for a rare case, which the common one then does not
  // pay for.
  void RunBy(const Kernel& other) { model_->subgraphs[subgraph_].nodes[index_].kernel = &other; }
  const Kernel* kernel() const { return model_->subgraphs[subgraph_].nodes[index_].kernel; }

  // "operator 12 ADD in subgraph 0 <words...>"
  template <typename... Words>
  Status Refuse(Status status, const Words&... words) {
    Text text = BeginRefusal(status);
    (text << ... << words);
    return status;
  }

 private:
  Text BeginRefusal(Status status);

  Model* model_;
  size_t subgraph_;
  size_t index_;
  Failure* failure_;
  Table op_;
  Table options_;
  ScalarVector<int32_t> inputs_;
  ScalarVector<int32_t> outputs_;
};

struct Kernel {
  int16_t code;
  uint8_t max_version;
  schema::OptionsType options;
  const char* name;
  Status (*prepare)(Preparation& p);
  Status (*eval)(const void* data, Runtime& runtime);
};

// The kernel of an operator code, or nullptr.
const Kernel* FindKernel(int code);

#define HIL_TRY(expression)                                          \
  do {                                                               \
    const ::hil::engine::Status hil_status = (expression);           \
    if (hil_status != ::hil::engine::Status::kOk) return hil_status; \
  } while (false)

}  // namespace hil::engine::builtin
