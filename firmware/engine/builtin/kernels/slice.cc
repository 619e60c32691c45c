// STRIDED_SLICE and SLICE. Any element type.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

namespace strided_slice {
constexpr unsigned kBeginMask = 0, kEndMask = 1, kEllipsisMask = 2, kNewAxisMask = 3,
                   kShrinkAxisMask = 4, kOffset = 5;
}

// Elements begin, begin + stride, ... before end, all clamped to the dimension as NumPy does.
struct Range {
  int32_t begin;
  int32_t count;
  int32_t stride;
};

Range SliceRange(int32_t size, int32_t begin, int32_t end, int32_t stride, bool from_start,
                 bool to_end) {
  // Positions just outside of the dimension on either side, for the direction of the stride.
  const int32_t first = stride > 0 ? 0 : -1;
  const int32_t last = stride > 0 ? size : size - 1;
  const auto place = [&](int32_t position) {
    const int64_t wrapped = position < 0 ? int64_t{position} + size : position;
    return static_cast<int32_t>(Clamp<int64_t>(wrapped, first, last));
  };
  const int32_t b = from_start ? (stride > 0 ? 0 : size - 1) : place(begin);
  const int32_t e = to_end ? (stride > 0 ? size : -1) : place(end);
  const int64_t span = stride > 0 ? int64_t{e} - b : int64_t{b} - e;
  const int64_t step = stride > 0 ? int64_t{stride} : -int64_t{stride};
  const int64_t count = span <= 0 ? 0 : (span + step - 1) / step;
  return {b, static_cast<int32_t>(count), stride};
}

Status PrepareStridedSlice(Preparation& p) {
  const TensorSlot* input = nullptr;
  TensorSlot* output = nullptr;
  HIL_TRY(ExpectMove(p, 4, &input, &output));
  const TensorSlot& from = *input;
  TensorSlot& to = *output;
  const int32_t* begin = nullptr;
  const int32_t* end = nullptr;
  const int32_t* stride = nullptr;
  size_t counts[3] = {};
  HIL_TRY(p.ExpectConstantInts(1, &begin, &counts[0]));
  HIL_TRY(p.ExpectConstantInts(2, &end, &counts[1]));
  HIL_TRY(p.ExpectConstantInts(3, &stride, &counts[2]));
  if (p.options().Get<int32_t>(strided_slice::kEllipsisMask, 0) != 0 ||
      p.options().Get<int32_t>(strided_slice::kNewAxisMask, 0) != 0 ||
      p.options().Get<uint8_t>(strided_slice::kOffset, 0) != 0) {
    return p.Refuse(Status::kUnsupportedOption, "has an ellipsis, a new axis or offsets as ends");
  }
  if (counts[0] > from.rank || counts[1] != counts[0] || counts[2] != counts[0]) {
    return p.Refuse(Status::kUnsupportedShape, "has more positions than dimensions");
  }
  const auto begin_mask = p.options().Get<uint32_t>(strided_slice::kBeginMask, 0);
  const auto end_mask = p.options().Get<uint32_t>(strided_slice::kEndMask, 0);
  const auto shrink_mask = p.options().Get<uint32_t>(strided_slice::kShrinkAxisMask, 0);
  Box box;
  box.rank = from.rank;
  int64_t from_steps[kMaxRank];
  RowMajor(from, from_steps);
  int out = 0;  // dimension of the output
  bool fits = true;
  for (int d = 0; d < from.rank && fits; ++d) {
    const int32_t size = from.dims[d];
    Range range = {0, size, 1};
    const bool given = static_cast<size_t>(d) < counts[0];
    const bool shrink = given && (shrink_mask >> d & 1) != 0;
    if (given && stride[d] == 0) return p.Refuse(Status::kUnsupportedOption, "has stride 0");
    if (shrink) {
      if (stride[d] < 0) {
        return p.Refuse(Status::kUnsupportedOption, "takes one element with a negative stride");
      }
      const int64_t at = begin[d] < 0 ? int64_t{begin[d]} + size : begin[d];
      if (at < 0 || at >= size) {
        return p.Refuse(Status::kUnsupportedShape, "takes an element outside of its input");
      }
      range = {static_cast<int32_t>(at), 1, 1};
    } else if (given) {
      range = SliceRange(size, begin[d], end[d], stride[d], (begin_mask >> d & 1) != 0,
                         (end_mask >> d & 1) != 0);
    }
    if (!shrink) {
      fits = out < to.rank && range.count == to.dims[out];
      ++out;
    }
    box.count[d] = static_cast<uint32_t>(range.count);
    box.from_offset += from_steps[d] * range.begin;
    box.from_step[d] = from_steps[d] * range.stride;
  }
  if (!fits || out != to.rank) {
    return p.Refuse(Status::kUnsupportedShape, "has an output of another shape than its slice");
  }
  // The output has the box's elements in the same order, without the shrunk dimensions.
  int64_t step = 1;
  for (int d = box.rank - 1; d >= 0; --d) {
    box.to_step[d] = step;
    step *= box.count[d];
  }
  CopyList(p, 1).Add(from, to, box);
  return Status::kOk;
}

Status PrepareSlice(Preparation& p) {
  const TensorSlot* input = nullptr;
  TensorSlot* output = nullptr;
  HIL_TRY(ExpectMove(p, 3, &input, &output));
  const TensorSlot& from = *input;
  TensorSlot& to = *output;
  const int32_t* begin = nullptr;
  const int32_t* sizes = nullptr;
  size_t counts[2] = {};
  HIL_TRY(p.ExpectConstantInts(1, &begin, &counts[0]));
  HIL_TRY(p.ExpectConstantInts(2, &sizes, &counts[1]));
  bool fits = counts[0] == from.rank && counts[1] == from.rank && to.rank == from.rank;
  for (int d = 0; fits && d < from.rank; ++d) {
    const int64_t rest = int64_t{from.dims[d]} - begin[d];
    const int64_t size = sizes[d] == -1 ? rest : sizes[d];
    fits = begin[d] >= 0 && size <= rest && size == to.dims[d];
  }
  if (!fits) return p.Refuse(Status::kUnsupportedShape, "has an output that is not its slice");
  CopyList(p, 1).Add(from, to, SliceBox(from, to, begin));
  return Status::kOk;
}

}  // namespace

const Kernel kStridedSliceKernel = {schema::kStridedSlice,        8,
                                    schema::kStridedSliceOptions, "STRIDED_SLICE",
                                    PrepareStridedSlice,          RunCopies};
const Kernel kSliceKernel = {schema::kSlice, 6,        schema::kNoOptions, "SLICE",
                             PrepareSlice,   RunCopies};

}  // namespace hil::engine::builtin
