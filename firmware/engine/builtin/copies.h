// Operators that only move elements are copies between strided boxes of two tensors: their Prepare
// lists the copies, and all share one Eval, RunCopies.
#pragma once

#include <cstdint>

#include "engine/builtin/kernel.h"

namespace hil::engine::builtin {

// A box of `rank` dimensions, outermost first, in both tensors. All in elements. A step of 0
// repeats, a negative one walks backwards.
struct Box {
  int rank = 0;
  int64_t from_offset = 0, to_offset = 0;
  uint32_t count[kMaxRank] = {};
  int64_t from_step[kMaxRank] = {};
  int64_t to_step[kMaxRank] = {};
};

// The steps of a tensor that lies in memory without gaps, the last dimension innermost.
void RowMajor(const TensorSlot& slot, int64_t* steps);

// The contiguous slice of `from` that starts at `begin` and fills `to`.
Box SliceBox(const TensorSlot& from, const TensorSlot& to, const int32_t* begin);

// What is written all over a tensor before anything is copied to it.
struct Fill {
  TensorSlot* to;
  const TensorSlot* value;  // one element, or nullptr: `zero`
  int32_t zero;             // zero in the units of the output
  uint32_t element_bytes;
};

inline Fill FillWith(TensorSlot& to, int32_t zero) {
  return {&to, nullptr, zero, static_cast<uint32_t>(ElementBytes(to.type))};
}

struct Copy;

// The copies of one operator, gathered one by one while it is prepared.
class CopyList {
 public:
  // For `count` copies at most. `fill` may be nullptr; else it must outlive the model.
  CopyList(Preparation& p, uint32_t count, const Fill* fill = nullptr);

  void Add(const TensorSlot& from, TensorSlot& to, const Box& box);

 private:
  Preparation& p_;
  Copy* copies_;
  uint32_t count_;
  uint32_t used_ = 0;
};

Status RunCopies(const void* data, Runtime& runtime);

// --- Checks that these operators share ---

// `axis` counted from the end if negative.
Status NormaliseAxis(Preparation& p, int32_t* axis, int32_t rank);
// An axis given by input `input` as a constant tensor of one element.
Status ConstantAxis(Preparation& p, size_t input, int32_t rank, int32_t* axis);
// One input of those operators that take a second one with constants, and its output.
Status ExpectMove(Preparation& p, size_t inputs, const TensorSlot** from, TensorSlot** to);
// Integers mean the same number in both tensors.
bool SameUnits(Preparation& p, const TensorSlot& a, const TensorSlot& b);

}  // namespace hil::engine::builtin
