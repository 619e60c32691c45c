// An engine whose every result can be told in advance: in[3] int8, out[2] int16.
//   out[0] = Invokes since reset,  out[1] = sum of the input + out[0]
// An Invoke takes 100 cycles and one more for each since reset. An input of three times -128
// makes it fail, and one of three times 127 makes it print a warning. It takes models that start
// with "FAKE".
//
// One that starts with "FAKE2" is a single step besides: a further input in front, h[2] int8 in
// halves, and a further output in front, h_next[2] int8 in quarters:
//   h_next[i] = h[i] + in[i] / 4 as real numbers,  out[1] = h[0] as stored
// Its `out` lies over its `h`, as an engine may lay an output over an input that is used up.
#include <cstring>

#include "engine/engine.h"
#include "tests/fake/fake_board.h"

namespace hil::engine {
namespace {

constexpr int8_t kPoison = -128;
constexpr int8_t kChatter = 127;

int8_t input[3];
int16_t output[2];
uint8_t* const input_bytes = reinterpret_cast<uint8_t*>(input);
uint8_t* const output_bytes = reinterpret_cast<uint8_t*>(output);
constexpr size_t kStates = 2;
constexpr int8_t kStateZero = 3, kNextStateZero = -1;
int8_t* const state = reinterpret_cast<int8_t*>(output);
int8_t next_state[kStates];
bool is_step;
int16_t invokes;
Profiler* profiler;
const char* message;

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
  is_step = model.size() > 4 && model[4] == '2';
  return ResetState();
}

void Unload() {}

ArenaUse GetArenaUse() { return {300, 200, 4}; }

size_t SubgraphCount() { return 2; }

size_t OpCount(size_t subgraph) { return subgraph == 0 ? 4 : 1; }

size_t InputCount() { return is_step ? 2 : 1; }

size_t OutputCount() { return is_step ? 2 : 1; }

Status Input(size_t index, Tensor* tensor) {
  if (is_step && index == 0) {
    *tensor = {TensorType::kInt8, 1, {kStates}, 0.5F, kStateZero, {output_bytes, kStates}, "h"};
    return Status::kOk;
  }
  *tensor = {TensorType::kInt8, 2, {1, 3}, 0.5F, -128, {input_bytes, sizeof input}, "in"};
  return Status::kOk;
}

Status Output(size_t index, Tensor* tensor) {
  if (is_step && index == 0) {
    *tensor = {TensorType::kInt8, 1, {kStates}, 0.25F, kNextStateZero, {}, "h_next"};
    tensor->bytes = {reinterpret_cast<uint8_t*>(next_state), sizeof next_state};
    return Status::kOk;
  }
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
  if (input[0] == kChatter && input[1] == kChatter && input[2] == kChatter) message = "a warning";
  fake::board().activity_in_invoke = fake::board().activity;
  ++invokes;
  for (size_t i = 0; is_step && i < kStates; ++i) {
    next_state[i] = static_cast<int8_t>(2 * (state[i] - kStateZero) + input[i] + kNextStateZero);
  }
  const int sum = input[0] + input[1] + input[2] + invokes;
  output[1] = static_cast<int16_t>(is_step ? state[0] : sum);
  output[0] = invokes;
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

const char* TakeMessage() {
  const char* const taken = message;
  message = nullptr;
  return taken;
}

}  // namespace hil::engine
