// The only interface to inference. One engine is linked into a firmware: `builtin` (our own
// kernels) or `tflm` (TensorFlow Lite Micro). The application knows nothing else about models.
//
// One model is loaded at a time. Life of a model:
//   Load(model, arena, options)    checks everything, plans the arena once; refuses by name
//   Input(i) / Output(i)           views into the arena, valid until the next Load
//   Invoke()                       one inference; recurrent state is kept from call to call
//   ResetState()                   state as it was right after Load
// Neither heap nor static buffers that grow with the model: all memory is the caller's arena.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/span.h"

namespace hil::engine {

enum class Status : uint8_t {
  kOk = 0,
  kNoModel = 1,              // nothing loaded
  kCorruptModel = 2,         // the FlatBuffer does not verify
  kUnsupportedSchema = 3,    // schema version other than 3
  kUnsupportedOperator = 4,  // operator (or its version) is not linked in
  kUnsupportedType = 5,      // operator known, but not for this tensor type
  kUnsupportedShape = 6,     // dynamic shape, or one that the operator does not take
  kUnsupportedOption = 7,    // fused activation, sparsity, ... that the operator does not take
  kArenaTooSmall = 8,        // Failure::needed says how much would do
  kBadIndex = 9,             // no such tensor
  kNotReadable = 10,         // tensor memory was reused; load with preserve_all_tensors
  kInvokeFailed = 11,        // an operator reported an error while running
};

// TFLite schema codes (schema.fbs, enum TensorType).
enum class TensorType : uint8_t {
  kFloat32 = 0,
  kInt32 = 2,
  kUInt8 = 3,
  kInt64 = 4,
  kBool = 6,
  kInt16 = 7,
  kInt8 = 9,
  kResource = 13,
};

inline constexpr size_t kMaxRank = 6;

struct Tensor {
  TensorType type = TensorType::kFloat32;
  uint8_t rank = 0;
  int32_t dims[kMaxRank] = {};
  float scale = 0.0F;  // 0 if the tensor is not quantised (or is per channel)
  int32_t zero_point = 0;
  Span<uint8_t> bytes;  // row-major elements
  const char* name = "";
};

// Why a call did not return kOk. `text` names the thing, for a person.
struct Failure {
  Status status = Status::kOk;
  int16_t subgraph = -1;
  int16_t op_index = -1;         // operator index within the subgraph, -1 if not applicable
  int16_t builtin_code = -1;     // schema BuiltinOperator, -1 if not applicable
  uint32_t needed_bytes = 0;     // kArenaTooSmall: the arena size that would do
  uint32_t available_bytes = 0;  // kArenaTooSmall: the size given
  char text[120] = {};
};

struct Options {
  // Gives every tensor its own memory, so that ReadTensor works after Invoke (costs arena).
  bool preserve_all_tensors = false;
};

struct ArenaUse {
  uint32_t total_bytes = 0;       // arena bytes in use after Load
  uint32_t activation_bytes = 0;  // of these: tensors whose memory is reused during Invoke
  // Of these: persistent recurrent state. Of operators that keep it to themselves only the least is
  // known, the bytes of their outputs.
  uint32_t state_bytes = 0;
};

struct Identity {
  const char* name;     // "builtin" or "tflm"
  const char* version;  // of the engine
  const char* kernels;  // "reference", "cmsis-nn", ...
};

// Called around every operator while set. Nested operators (the body of a WHILE) are reported
// too, inside their parent.
class Profiler {
 public:
  virtual void OpBegin(uint16_t subgraph, uint16_t op_index, uint16_t builtin_code) = 0;
  virtual void OpEnd(uint16_t subgraph, uint16_t op_index, uint16_t builtin_code) = 0;

 protected:
  ~Profiler() = default;
};

const Identity& GetIdentity();

// `model` is read in place and must outlive the model's use; it needs 4-byte alignment.
// `arena` needs 16-byte alignment. On failure nothing is loaded and *failure says why.
Status Load(Span<const uint8_t> model, Span<uint8_t> arena, const Options& options,
            Failure* failure);
void Unload();

ArenaUse GetArenaUse();
size_t SubgraphCount();
size_t OpCount(size_t subgraph);
size_t InputCount();
size_t OutputCount();
Status Input(size_t index, Tensor* tensor);
Status Output(size_t index, Tensor* tensor);

Status ResetState();
Status Invoke(Failure* failure);

// Any tensor of any subgraph by its index in the FlatBuffer. Constants are readable always.
Status ReadTensor(size_t subgraph, size_t index, Tensor* tensor);

// nullptr turns profiling off.
void SetProfiler(Profiler* profiler);

// The first thing that the engine printed since the last call, also while it succeeded; nullptr
// if it was silent. Valid until the next call of any function here.
const char* TakeMessage();

}  // namespace hil::engine
