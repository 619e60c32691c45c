// A loaded model: what Load makes in the arena of the FlatBuffer, and what Invoke works on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/builtin/arena.h"
#include "engine/builtin/flatbuffer.h"
#include "engine/engine.h"

namespace hil::engine::builtin {

struct Kernel;

// A tensor. Its memory, if the planner places it, is in use from point `first` of the model's time
// line to point `last`, both included; two tensors may share memory if these spans do not touch.
struct TensorSlot {
  uint8_t* data = nullptr;
  uint32_t bytes = 0;
  uint16_t first = 0;
  uint16_t last = 0;
  const int32_t* dims = nullptr;  // in the FlatBuffer, `rank` of them
  uint32_t table = 0;             // position of the tensor's table in the FlatBuffer
  TensorType type = TensorType::kFloat32;
  uint8_t rank = 0;
  uint8_t flags = 0;

  enum Flag : uint8_t {
    kConstant = 1,  // data is in the FlatBuffer
    kVariable = 2,  // data is persistent state
    kWritten = 4,   // an input of its subgraph or the output of an operator: planned memory
    kRefused = 8,   // unsupported type, dynamic or empty shape: no operator may use it
  };
  bool Is(Flag flag) const { return (flags & flag) != 0; }

  template <typename T>
  T* As() const {
    return reinterpret_cast<T*>(data);
  }
};

struct Node {
  const Kernel* kernel = nullptr;
  void* data = nullptr;  // what the kernel's Prepare made
};

struct Subgraph {
  TensorSlot* tensors = nullptr;
  Node* nodes = nullptr;
  uint32_t tensor_count = 0;
  uint32_t node_count = 0;
  ScalarVector<int32_t> inputs;
  ScalarVector<int32_t> outputs;
  uint16_t begin = 0;  // points of the time line
  uint16_t end = 0;
  enum class Walk : uint8_t { kNot, kNow, kDone, kShared } walk = Walk::kNot;
};

// One resource variable (VAR_HANDLE). Its size is that of the tensors read from it or assigned.
struct Variable {
  const char* container = "";
  const char* name = "";
  uint8_t* data = nullptr;
  uint32_t bytes = 0;
  TensorType type = TensorType::kFloat32;
  Variable* next = nullptr;
};

struct Model {
  Reader reader;
  Table root;
  Arena arena;
  Subgraph* subgraphs = nullptr;
  uint32_t subgraph_count = 0;
  Variable* variables = nullptr;
  uint32_t state_epoch = 0;  // counts how often the state was cleared
  bool preserve_all_tensors = false;
  ArenaUse use;

  Table SubgraphTable(size_t index) const;
  Table OperatorTable(size_t subgraph, size_t index) const;
  Table TensorTable(const TensorSlot& slot) const { return Table(&reader, slot.table); }
  const char* TensorName(const TensorSlot& slot) const;
};

// Bytes of one element; 0 if the engine does not know the type.
size_t ElementBytes(TensorType type);
const char* TypeName(TensorType type);
// "CONV_2D" for 3; "?" for codes that the engine has never heard of.
const char* OperatorName(int code);

inline uint32_t ElementCount(const TensorSlot& slot) {
  return slot.bytes / static_cast<uint32_t>(ElementBytes(slot.type));
}

// Element `i` of an int64 tensor, which may lie at a 4-byte boundary.
inline int64_t Int64At(const TensorSlot& slot, uint32_t i) {
  int64_t value = 0;
  std::memcpy(&value, slot.data + i * sizeof(value), sizeof(value));
  return value;
}

bool SameShape(const TensorSlot& a, const TensorSlot& b);

}  // namespace hil::engine::builtin
