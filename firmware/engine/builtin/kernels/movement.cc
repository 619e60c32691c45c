// Operators that only move elements: RESHAPE, SQUEEZE, EXPAND_DIMS, TRANSPOSE, REVERSE_V2,
// STRIDED_SLICE, SLICE, SPLIT, SPLIT_V, UNPACK, PACK, CONCATENATION, BROADCAST_TO, PAD, PADV2.
// Any element type.
//
// Prepare turns each of them into copies between two strided boxes; there is one Eval for all.
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

// One dimension of a copy.
struct Axis {
  uint32_t count;
  int32_t from_step, to_step;  // bytes
};

// One copy: along each of `rank` axes (innermost first) runs of contiguous bytes.
struct Copy {
  const TensorSlot* from;
  TensorSlot* to;
  uint32_t from_offset, to_offset;  // bytes
  uint32_t run_bytes;
  uint32_t rank;
  const Axis* axes;
};

// What PAD writes all over its output before it copies its input.
struct Fill {
  TensorSlot* to;
  const TensorSlot* value;  // one element, or nullptr: `zero`
  int32_t zero;             // zero in the units of the output
  uint32_t element_bytes;
};

struct Data {
  const Copy* copies;
  uint32_t count;
  const Fill* fill;  // nullptr if there is nothing to fill
};

// A box of `rank` dimensions in both tensors; steps are in elements until Compact.
struct Box {
  int rank = 0;
  int64_t from_offset = 0, to_offset = 0;
  uint32_t count[kMaxRank] = {};
  int64_t from_step[kMaxRank] = {};
  int64_t to_step[kMaxRank] = {};
};

void RowMajor(const TensorSlot& slot, int64_t* steps) {
  int64_t step = 1;
  for (int d = slot.rank - 1; d >= 0; --d) {
    steps[d] = step;
    step *= slot.dims[d];
  }
}

// Merges dimensions that continue each other in both tensors, and turns the innermost contiguous
// one into a run of bytes. Returns the number of axes that are left, innermost first.
uint32_t Compact(const Box& box, uint32_t element_bytes, uint32_t* run_bytes, Axis* axes) {
  const auto size = static_cast<int64_t>(element_bytes);
  *run_bytes = element_bytes;
  uint32_t rank = 0;
  for (int d = box.rank - 1; d >= 0; --d) {
    if (box.count[d] == 1) continue;
    const int64_t from_step = box.from_step[d] * size;
    const int64_t to_step = box.to_step[d] * size;
    if (rank == 0 && from_step == *run_bytes && to_step == *run_bytes) {
      *run_bytes *= box.count[d];
      continue;
    }
    if (rank > 0) {
      Axis& inner = axes[rank - 1];
      if (from_step == int64_t{inner.from_step} * inner.count &&
          to_step == int64_t{inner.to_step} * inner.count) {
        inner.count *= box.count[d];
        continue;
      }
    }
    axes[rank++] = {box.count[d], static_cast<int32_t>(from_step), static_cast<int32_t>(to_step)};
  }
  return rank;
}

// The copies that an operator makes, gathered one by one.
class CopyList {
 public:
  CopyList(Preparation& p, uint32_t count, const Fill* fill = nullptr)
      : p_(p), copies_(p.MakeArray<Copy>(count)), count_(count) {
    if (Data* data = p.MakeData<Data>()) *data = {copies_, count, fill};
  }

  void Add(const TensorSlot& from, TensorSlot& to, const Box& box) {
    const auto element = static_cast<uint32_t>(ElementBytes(from.type));
    Axis axes[kMaxRank];
    uint32_t run_bytes = 0;
    const uint32_t rank = Compact(box, element, &run_bytes, axes);
    Axis* kept = rank != 0 ? p_.MakeArray<Axis>(rank) : nullptr;
    if (kept != nullptr) std::memcpy(kept, axes, rank * sizeof(Axis));
    if (copies_ == nullptr || used_ == count_) return;  // no arena left: only counted
    copies_[used_++] = {&from,
                        &to,
                        static_cast<uint32_t>(box.from_offset * element),
                        static_cast<uint32_t>(box.to_offset * element),
                        run_bytes,
                        rank,
                        kept};
  }

 private:
  Preparation& p_;
  Copy* copies_;
  uint32_t count_;
  uint32_t used_ = 0;
};

void FillAll(const Fill& fill) {
  // Little endian: the first bytes of an int32 are the same number in a narrower type, and 0 is
  // 0.0.
  const void* element = fill.value != nullptr ? static_cast<const void*>(fill.value->data)
                                              : static_cast<const void*>(&fill.zero);
  for (uint32_t at = 0; at < fill.to->bytes; at += fill.element_bytes) {
    std::memcpy(fill.to->data + at, element, fill.element_bytes);
  }
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  if (d.fill != nullptr) FillAll(*d.fill);
  for (uint32_t i = 0; i < d.count; ++i) {
    const Copy& c = d.copies[i];
    const uint8_t* from = c.from->data + c.from_offset;
    uint8_t* to = c.to->data + c.to_offset;
    uint32_t index[kMaxRank] = {};
    for (;;) {
      std::memcpy(to, from, c.run_bytes);
      uint32_t k = 0;
      for (; k < c.rank; ++k) {
        const Axis& axis = c.axes[k];
        from += axis.from_step;
        to += axis.to_step;
        if (++index[k] < axis.count) break;
        from -= static_cast<ptrdiff_t>(axis.from_step) * static_cast<ptrdiff_t>(axis.count);
        to -= static_cast<ptrdiff_t>(axis.to_step) * static_cast<ptrdiff_t>(axis.count);
        index[k] = 0;
      }
      if (k == c.rank) break;
    }
  }
  return Status::kOk;
}

// `axis` counted from the end if negative.
Status Normalise(Preparation& p, int32_t* axis, int32_t rank) {
  const int32_t given = *axis;
  if (given < 0) *axis += rank;
  if (given >= -rank && *axis >= 0 && *axis < rank) return Status::kOk;
  return p.Refuse(Status::kUnsupportedOption, "has axis ", given, " for a tensor of rank ", rank);
}

// An axis given as a constant tensor of one element.
Status ConstantAxis(Preparation& p, size_t input, int32_t rank, int32_t* axis) {
  const int32_t* values = nullptr;
  size_t count = 0;
  HIL_TRY(p.ExpectConstantInts(input, &values, &count));
  if (count != 1) return p.Refuse(Status::kUnsupportedShape, "takes one axis");
  *axis = values[0];
  return Normalise(p, axis, rank);
}

// --- RESHAPE, SQUEEZE, EXPAND_DIMS: the same elements under another shape. ---

Status PrepareReshape(Preparation& p) {
  if (p.InputCount() < 1 || p.InputCount() > 2 || !p.HasInput(0) || p.OutputCount() != 1) {
    return p.Refuse(Status::kCorruptModel, "needs one or two inputs and one output");
  }
  const TensorSlot& from = *p.Input(0);
  TensorSlot& to = *p.Output(0);
  HIL_TRY(p.ExpectType(to, from.type));
  if (from.bytes != to.bytes) {
    return p.Refuse(Status::kUnsupportedShape, "has ", ElementCount(from), " elements in and ",
                    ElementCount(to), " out");
  }
  Box box;
  box.rank = 1;
  box.count[0] = ElementCount(from);
  box.from_step[0] = box.to_step[0] = 1;
  CopyList(p, 1).Add(from, to, box);
  return Status::kOk;
}

// --- TRANSPOSE, REVERSE_V2 ---

Status PrepareTranspose(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 1));
  const TensorSlot& from = *p.Input(0);
  TensorSlot& to = *p.Output(0);
  HIL_TRY(p.ExpectType(to, from.type));
  const int32_t* order = nullptr;
  size_t count = 0;
  HIL_TRY(p.ExpectConstantInts(1, &order, &count));
  bool fits = count == from.rank && to.rank == from.rank;
  Box box;
  box.rank = from.rank;
  int64_t from_steps[kMaxRank];
  RowMajor(from, from_steps);
  RowMajor(to, box.to_step);
  uint32_t seen = 0;
  for (int d = 0; fits && d < box.rank; ++d) {
    const int32_t source = order[d] < 0 ? order[d] + from.rank : order[d];
    fits = source >= 0 && source < from.rank && (seen >> source & 1) == 0 &&
           to.dims[d] == from.dims[source];
    if (!fits) break;
    seen |= 1U << source;
    box.count[d] = static_cast<uint32_t>(to.dims[d]);
    box.from_step[d] = from_steps[source];
  }
  if (!fits) return p.Refuse(Status::kUnsupportedShape, "has no valid order of dimensions");
  CopyList(p, 1).Add(from, to, box);
  return Status::kOk;
}

Status PrepareReverse(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 1));
  const TensorSlot& from = *p.Input(0);
  TensorSlot& to = *p.Output(0);
  HIL_TRY(p.ExpectType(to, from.type));
  HIL_TRY(p.ExpectSameShape(from, to));
  int32_t axis = 0;
  HIL_TRY(ConstantAxis(p, 1, from.rank, &axis));
  Box box;
  box.rank = from.rank;
  RowMajor(from, box.from_step);
  RowMajor(to, box.to_step);
  for (int d = 0; d < box.rank; ++d) box.count[d] = static_cast<uint32_t>(to.dims[d]);
  box.from_offset = box.from_step[axis] * (from.dims[axis] - 1);
  box.from_step[axis] = -box.from_step[axis];
  CopyList(p, 1).Add(from, to, box);
  return Status::kOk;
}

// --- STRIDED_SLICE, SLICE ---

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
  HIL_TRY(p.ExpectCounts(4, 1));
  const TensorSlot& from = *p.Input(0);
  TensorSlot& to = *p.Output(0);
  HIL_TRY(p.ExpectType(to, from.type));
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

// The box of a contiguous slice that starts at `begin` and fills `to`.
void SliceBox(const TensorSlot& from, const TensorSlot& to, const int32_t* begin, Box* box) {
  box->rank = from.rank;
  RowMajor(from, box->from_step);
  RowMajor(to, box->to_step);
  for (int d = 0; d < from.rank; ++d) {
    box->count[d] = static_cast<uint32_t>(to.dims[d]);
    box->from_offset += box->from_step[d] * begin[d];
  }
}

Status PrepareSlice(Preparation& p) {
  HIL_TRY(p.ExpectCounts(3, 1));
  const TensorSlot& from = *p.Input(0);
  TensorSlot& to = *p.Output(0);
  HIL_TRY(p.ExpectType(to, from.type));
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
  Box box;
  SliceBox(from, to, begin, &box);
  CopyList(p, 1).Add(from, to, box);
  return Status::kOk;
}

// --- SPLIT, SPLIT_V: consecutive slices along one axis. ---

Status PrepareSplitAlong(Preparation& p, const TensorSlot& from, int32_t axis) {
  CopyList copies(p, static_cast<uint32_t>(p.OutputCount()));
  int64_t at = 0;
  for (size_t i = 0; i < p.OutputCount(); ++i) {
    TensorSlot& to = *p.Output(i);
    HIL_TRY(p.ExpectType(to, from.type));
    bool fits = to.rank == from.rank;
    for (int d = 0; fits && d < from.rank; ++d) fits = d == axis || to.dims[d] == from.dims[d];
    if (!fits || at + to.dims[axis] > from.dims[axis]) {
      return p.Refuse(Status::kUnsupportedShape, "has outputs that are not parts of its input");
    }
    int32_t begin[kMaxRank] = {};
    begin[axis] = static_cast<int32_t>(at);
    Box box;
    SliceBox(from, to, begin, &box);
    copies.Add(from, to, box);
    at += to.dims[axis];
  }
  if (at == from.dims[axis]) return Status::kOk;
  return p.Refuse(Status::kUnsupportedShape, "has outputs that do not cover its input");
}

Status PrepareSplit(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, p.OutputCount()));
  const TensorSlot& from = *p.Input(1);
  int32_t axis = 0;
  HIL_TRY(ConstantAxis(p, 0, from.rank, &axis));
  return PrepareSplitAlong(p, from, axis);
}

Status PrepareSplitV(Preparation& p) {
  HIL_TRY(p.ExpectCounts(3, p.OutputCount()));
  const TensorSlot& from = *p.Input(0);
  const int32_t* sizes = nullptr;
  size_t count = 0;
  HIL_TRY(p.ExpectConstantInts(1, &sizes, &count));
  int32_t axis = 0;
  HIL_TRY(ConstantAxis(p, 2, from.rank, &axis));
  for (size_t i = 0; i < count && i < p.OutputCount(); ++i) {
    const TensorSlot& to = *p.Output(i);
    const bool fits = axis < to.rank && (sizes[i] == -1 || sizes[i] == to.dims[axis]);
    if (!fits)
      return p.Refuse(Status::kUnsupportedShape, "has outputs of other sizes than it says");
  }
  return PrepareSplitAlong(p, from, axis);
}

// --- UNPACK, PACK: one axis goes or comes. ---

namespace pack {
constexpr unsigned kAxis = 1;
}

// Part `index` of `whole` along `axis`, which `part` does not have, is copied from whole to part or
// back.
Status AddPart(Preparation& p, CopyList* copies, TensorSlot& whole, TensorSlot& part, int32_t axis,
               size_t index, bool unpack) {
  bool fits = part.rank + 1 == whole.rank;
  Box box;
  box.rank = whole.rank;
  int64_t* whole_steps = unpack ? box.from_step : box.to_step;
  int64_t* part_steps = unpack ? box.to_step : box.from_step;
  RowMajor(whole, whole_steps);
  int64_t steps[kMaxRank] = {};
  RowMajor(part, steps);
  for (int d = 0; fits && d < whole.rank; ++d) {
    if (d == axis) {
      box.count[d] = 1;
      continue;
    }
    const int own = d < axis ? d : d - 1;
    fits = part.dims[own] == whole.dims[d];
    box.count[d] = static_cast<uint32_t>(whole.dims[d]);
    part_steps[d] = steps[own];
  }
  if (!fits) return p.Refuse(Status::kUnsupportedShape, "has parts that do not make its whole");
  (unpack ? box.from_offset : box.to_offset) = whole_steps[axis] * static_cast<int64_t>(index);
  HIL_TRY(p.ExpectType(part, whole.type));
  copies->Add(unpack ? whole : part, unpack ? part : whole, box);
  return Status::kOk;
}

Status PrepareUnpack(Preparation& p) {
  HIL_TRY(p.ExpectCounts(1, p.OutputCount()));
  TensorSlot& whole = *p.Input(0);
  int32_t axis = p.options().Get<int32_t>(pack::kAxis, 0);
  HIL_TRY(Normalise(p, &axis, whole.rank));
  if (p.OutputCount() != static_cast<size_t>(whole.dims[axis])) {
    return p.Refuse(Status::kUnsupportedShape, "has more or fewer outputs than its axis is long");
  }
  CopyList copies(p, static_cast<uint32_t>(p.OutputCount()));
  for (size_t i = 0; i < p.OutputCount(); ++i) {
    HIL_TRY(AddPart(p, &copies, whole, *p.Output(i), axis, i, true));
  }
  return Status::kOk;
}

Status PreparePack(Preparation& p) {
  HIL_TRY(p.ExpectCounts(p.InputCount(), 1));
  TensorSlot& whole = *p.Output(0);
  int32_t axis = p.options().Get<int32_t>(pack::kAxis, 0);
  HIL_TRY(Normalise(p, &axis, whole.rank));
  if (p.InputCount() != static_cast<size_t>(whole.dims[axis])) {
    return p.Refuse(Status::kUnsupportedShape, "has more or fewer inputs than its axis is long");
  }
  CopyList copies(p, static_cast<uint32_t>(p.InputCount()));
  for (size_t i = 0; i < p.InputCount(); ++i) {
    HIL_TRY(AddPart(p, &copies, whole, *p.Input(i), axis, i, false));
  }
  return Status::kOk;
}

// --- CONCATENATION ---

bool SameUnits(Preparation& p, const TensorSlot& a, const TensorSlot& b) {
  return p.Scales(a)[0] == p.Scales(b)[0] && p.ZeroPoints(a)[0] == p.ZeroPoints(b)[0];
}

Status PrepareConcatenation(Preparation& p) {
  HIL_TRY(p.ExpectCounts(p.InputCount(), 1));
  TensorSlot& to = *p.Output(0);
  int32_t axis = p.options().Get<int32_t>(0, 0);
  HIL_TRY(Normalise(p, &axis, to.rank));
  if (p.options().Get<int8_t>(1, 0) != schema::kActivationNone) {
    return p.Refuse(Status::kUnsupportedOption, "has a fused activation");
  }
  CopyList copies(p, static_cast<uint32_t>(p.InputCount()));
  int64_t at = 0;
  for (size_t i = 0; i < p.InputCount(); ++i) {
    const TensorSlot& from = *p.Input(i);
    HIL_TRY(p.ExpectType(from, to.type));
    bool fits = from.rank == to.rank;
    for (int d = 0; fits && d < to.rank; ++d) fits = d == axis || from.dims[d] == to.dims[d];
    if (!fits || at + from.dims[axis] > to.dims[axis]) {
      return p.Refuse(Status::kUnsupportedShape, "has inputs that do not make its output");
    }
    const bool quantised = to.type == TensorType::kInt8 || to.type == TensorType::kInt16;
    if (quantised && !SameUnits(p, from, to)) {
      return p.Refuse(Status::kUnsupportedOption, "joins tensors of different scales");
    }
    Box box;
    box.rank = to.rank;
    RowMajor(from, box.from_step);
    RowMajor(to, box.to_step);
    for (int d = 0; d < to.rank; ++d) box.count[d] = static_cast<uint32_t>(from.dims[d]);
    box.to_offset = box.to_step[axis] * at;
    copies.Add(from, to, box);
    at += from.dims[axis];
  }
  if (at == to.dims[axis]) return Status::kOk;
  return p.Refuse(Status::kUnsupportedShape, "has inputs that do not fill its output");
}

// --- BROADCAST_TO ---

Status PrepareBroadcastTo(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 1));
  const TensorSlot& from = *p.Input(0);
  TensorSlot& to = *p.Output(0);
  HIL_TRY(p.ExpectType(to, from.type));
  const int missing = to.rank - from.rank;
  // The shape that input 1 asks for is the output's, or the model is damaged.
  bool fits = p.Input(1)->Is(TensorSlot::kConstant) && missing >= 0;
  Box box;
  box.rank = to.rank;
  RowMajor(to, box.to_step);
  int64_t from_steps[kMaxRank];
  RowMajor(from, from_steps);
  for (int d = 0; fits && d < to.rank; ++d) {
    box.count[d] = static_cast<uint32_t>(to.dims[d]);
    if (d < missing || from.dims[d - missing] == 1) continue;  // step 0 repeats
    fits = from.dims[d - missing] == to.dims[d];
    box.from_step[d] = from_steps[d - missing];
  }
  if (!fits) {
    return p.Refuse(Status::kUnsupportedShape,
                    "has an input that does not broadcast to its output");
  }
  CopyList(p, 1).Add(from, to, box);
  return Status::kOk;
}

// --- PAD, PADV2 ---

Status MakeFill(Preparation& p, TensorSlot& to, Fill* fill) {
  *fill = {&to, nullptr, 0, static_cast<uint32_t>(ElementBytes(to.type))};
  const bool quantised = to.type == TensorType::kInt8;
  if (!quantised && to.type != TensorType::kInt16 && to.type != TensorType::kInt32 &&
      to.type != TensorType::kFloat32) {
    return p.Refuse(Status::kUnsupportedType, "takes float32, int32, int8 or int16, not ",
                    TypeName(to.type));
  }
  if (p.InputCount() == 3) {
    fill->value = p.Input(2);
    HIL_TRY(p.ExpectType(*fill->value, to.type));
    if (ElementCount(*fill->value) != 1) {
      return p.Refuse(Status::kUnsupportedShape, "takes one element to pad with");
    }
    if (quantised && !SameUnits(p, *fill->value, to)) {
      return p.Refuse(Status::kUnsupportedOption, "pads with an element in other units");
    }
  } else if (quantised) {
    Affine affine;
    HIL_TRY(p.ExpectAffine(to, &affine));
    fill->zero = affine.zero_point;
  }
  return Status::kOk;
}

template <size_t kInputs>
Status PreparePad(Preparation& p) {
  HIL_TRY(p.ExpectCounts(kInputs, 1));
  const TensorSlot& from = *p.Input(0);
  TensorSlot& to = *p.Output(0);
  HIL_TRY(p.ExpectType(to, from.type));
  Fill fill;
  HIL_TRY(MakeFill(p, to, &fill));
  const int32_t* margins = nullptr;  // before and after, for each dimension
  size_t count = 0;
  HIL_TRY(p.ExpectConstantInts(1, &margins, &count));
  bool fits = to.rank == from.rank && count == size_t{2} * from.rank;
  Box box;
  box.rank = from.rank;
  RowMajor(from, box.from_step);
  RowMajor(to, box.to_step);
  for (int d = 0; fits && d < from.rank; ++d) {
    const int64_t before = margins[2 * d];
    const int64_t after = margins[2 * d + 1];
    fits = before >= 0 && after >= 0 && before + from.dims[d] + after == to.dims[d];
    box.count[d] = static_cast<uint32_t>(from.dims[d]);
    box.to_offset += box.to_step[d] * before;
  }
  if (!fits)
    return p.Refuse(Status::kUnsupportedShape, "has an output that is not its padded input");
  Fill* kept = p.MakeArray<Fill>(1);
  if (kept != nullptr) *kept = fill;
  CopyList(p, 1, kept).Add(from, to, box);
  return Status::kOk;
}

}  // namespace

const Kernel kReshapeKernel = {schema::kReshape, 1,   schema::kNoOptions, "RESHAPE",
                               PrepareReshape,   Eval};
const Kernel kSqueezeKernel = {schema::kSqueeze, 2,   schema::kNoOptions, "SQUEEZE",
                               PrepareReshape,   Eval};
const Kernel kExpandDimsKernel = {schema::kExpandDims, 1,   schema::kNoOptions, "EXPAND_DIMS",
                                  PrepareReshape,      Eval};
const Kernel kTransposeKernel = {schema::kTranspose, 6,   schema::kNoOptions, "TRANSPOSE",
                                 PrepareTranspose,   Eval};
const Kernel kReverseV2Kernel = {schema::kReverseV2, 3,   schema::kNoOptions, "REVERSE_V2",
                                 PrepareReverse,     Eval};
const Kernel kStridedSliceKernel = {schema::kStridedSlice,        8,
                                    schema::kStridedSliceOptions, "STRIDED_SLICE",
                                    PrepareStridedSlice,          Eval};
const Kernel kSliceKernel = {schema::kSlice, 6, schema::kNoOptions, "SLICE", PrepareSlice, Eval};
const Kernel kSplitKernel = {schema::kSplit, 4, schema::kSplitOptions, "SPLIT", PrepareSplit, Eval};
const Kernel kSplitVKernel = {schema::kSplitV, 2,   schema::kNoOptions, "SPLIT_V",
                              PrepareSplitV,   Eval};
const Kernel kUnpackKernel = {schema::kUnpack, 4,   schema::kUnpackOptions, "UNPACK",
                              PrepareUnpack,   Eval};
const Kernel kPackKernel = {schema::kPack, 4, schema::kPackOptions, "PACK", PreparePack, Eval};
const Kernel kConcatenationKernel = {schema::kConcatenation,        4,
                                     schema::kConcatenationOptions, "CONCATENATION",
                                     PrepareConcatenation,          Eval};
const Kernel kBroadcastToKernel = {schema::kBroadcastTo, 3,   schema::kNoOptions, "BROADCAST_TO",
                                   PrepareBroadcastTo,   Eval};
const Kernel kPadKernel = {schema::kPad, 4, schema::kNoOptions, "PAD", PreparePad<2>, Eval};
const Kernel kPadV2Kernel = {schema::kPadV2, 4, schema::kNoOptions, "PADV2", PreparePad<3>, Eval};

}  // namespace hil::engine::builtin
