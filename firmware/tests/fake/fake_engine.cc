// An engine whose every result can be told in advance: in[3] int8, out[2] int16.
//   out[0] = Invokes since reset,  out[1] = sum of the input + out[0]
// An Invoke takes 100 cycles and one more for each since reset. An input of three times -128
// makes it fail. It takes models that start with "FAKE".
#include <cstring>

#include "engine/engine.h"
#include "tests/fake/fake_board.h"

namespace hil::engine {
namespace {

constexpr int8_t kPoison = -128;

int8_t input[3];
int16_t output[2];
uint8_t* const input_bytes = reinterpret_cast<uint8_t*>(input);
uint8_t* const output_bytes = reinterpret_cast<uint8_t*>(output);
int16_t invokes;
Profiler* profiler;

void Spend(uint64_t cycles) { fake::board().cycles += cycles; }

Status Fail(Status status, const char* text, Failure* failure) {
  failure->status = status;
  failure->subgraph = 1;
  failure->op_index = 2;
  failure->builtin_code = 114;
  failure->needed_bytes = 5000;
  failure->available_bytes = 4096;
  std::strncpy(failure->text, text, sizeof failure->text - 1);
  return status;
}

}  // namespace

const Identity& GetIdentity() {
  static constexpr Identity kIdentity = {"fake_engine", "1.2", "none"};
  return kIdentity;
}

Status Load(Span<const uint8_t> model, Span<uint8_t>, const Options&, Failure* failure) {
  if (model.size() < 4 || std::memcmp(model.data(), "FAKE", 4) != 0) {
    return Fail(Status::kArenaTooSmall, "the fake engine refuses", failure);
  }
  return ResetState();
}

void Unload() {}

ArenaUse GetArenaUse() { return {300, 200, 4}; }

size_t SubgraphCount() { return 2; }

size_t OpCount(size_t subgraph) { return subgraph == 0 ? 4 : 1; }

size_t InputCount() { return 1; }

size_t OutputCount() { return 1; }

Status Input(size_t, Tensor* tensor) {
  *tensor = {TensorType::kInt8, 2, {1, 3}, 0.5F, -128, {input_bytes, sizeof input}, "in"};
  return Status::kOk;
}

Status Output(size_t, Tensor* tensor) {
  *tensor = {TensorType::kInt16, 1, {2}, 0.25F, 7, {output_bytes, sizeof output}, "out"};
  return Status::kOk;
}

Status ResetState() {
  invokes = 0;
  return Status::kOk;
}

Status Invoke(Failure* failure) {
  if (input[0] == kPoison && input[1] == kPoison && input[2] == kPoison) {
    return Fail(Status::kInvokeFailed, "poisoned", failure);
  }
  fake::board().activity_in_invoke = fake::board().activity;
  ++invokes;
  output[0] = invokes;
  output[1] = static_cast<int16_t>(input[0] + input[1] + input[2] + invokes);
  if (profiler != nullptr) {
    profiler->OpBegin(0, 3, 119);
    profiler->OpBegin(1, 0, 9);
    Spend(40);
    profiler->OpEnd(1, 0, 9);
  } else {
    Spend(40);
  }
  Spend(60 + static_cast<uint64_t>(invokes));
  if (profiler != nullptr) profiler->OpEnd(0, 3, 119);
  return Status::kOk;
}

Status ReadTensor(size_t subgraph, size_t index, Tensor* tensor) {
  if (subgraph != 0 || index > 1) return Status::kBadIndex;
  return index == 0 ? Input(0, tensor) : Output(0, tensor);
}

void SetProfiler(Profiler* new_profiler) { profiler = new_profiler; }

}  // namespace hil::engine
