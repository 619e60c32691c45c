#include "engine/builtin/copies.h"

#include <cstring>

namespace hil::engine::builtin {

// One copy: along each of `rank` axes (innermost first) runs of contiguous bytes.
struct Copy {
  struct Axis {
    uint32_t count;
    int32_t from_step, to_step;  // bytes
  };
  const TensorSlot* from;
  TensorSlot* to;
  uint32_t from_offset, to_offset;  // bytes
  uint32_t run_bytes;
  uint32_t rank;
  const Axis* axes;
};

namespace {

struct Data {
  const Copy* copies;
  uint32_t count;
  const Fill* fill;  // nullptr if there is nothing to fill
};

// Merges dimensions that continue each other in both tensors, and turns the innermost contiguous
// one into a run of bytes. Returns the number of axes that are left, innermost first.
uint32_t Compact(const Box& box, uint32_t element_bytes, uint32_t* run_bytes, Copy::Axis* axes) {
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
      Copy::Axis& inner = axes[rank - 1];
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

void FillAll(const Fill& fill) {
  // Little endian: the first bytes of an int32 are the same number in a narrower type, and 0 is
  // 0.0.
  const void* element = fill.value != nullptr ? static_cast<const void*>(fill.value->data)
                                              : static_cast<const void*>(&fill.zero);
  for (uint32_t at = 0; at < fill.to->bytes; at += fill.element_bytes) {
    std::memcpy(fill.to->data + at, element, fill.element_bytes);
  }
}

void Run(const Copy& c) {
  const uint8_t* from = c.from->data + c.from_offset;
  uint8_t* to = c.to->data + c.to_offset;
  uint32_t index[kMaxRank] = {};
  for (;;) {
    std::memcpy(to, from, c.run_bytes);
    uint32_t k = 0;
    for (; k < c.rank; ++k) {
      const Copy::Axis& axis = c.axes[k];
      from += axis.from_step;
      to += axis.to_step;
      if (++index[k] < axis.count) break;
      from -= static_cast<ptrdiff_t>(axis.from_step) * static_cast<ptrdiff_t>(axis.count);
      to -= static_cast<ptrdiff_t>(axis.to_step) * static_cast<ptrdiff_t>(axis.count);
      index[k] = 0;
    }
    if (k == c.rank) return;
  }
}

}  // namespace

void RowMajor(const TensorSlot& slot, int64_t* steps) {
  int64_t step = 1;
  for (int d = slot.rank - 1; d >= 0; --d) {
    steps[d] = step;
    step *= slot.dims[d];
  }
}

Box SliceBox(const TensorSlot& from, const TensorSlot& to, const int32_t* begin) {
  Box box;
  box.rank = from.rank;
  RowMajor(from, box.from_step);
  RowMajor(to, box.to_step);
  for (int d = 0; d < from.rank; ++d) {
    box.count[d] = static_cast<uint32_t>(to.dims[d]);
    box.from_offset += box.from_step[d] * begin[d];
  }
  return box;
}

CopyList::CopyList(Preparation& p, uint32_t count, const Fill* fill)
    : p_(p), copies_(p.MakeArray<Copy>(count)), count_(count) {
  p.Keep(Data{copies_, count, fill});
}

void CopyList::Add(const TensorSlot& from, TensorSlot& to, const Box& box) {
  const auto element = static_cast<uint32_t>(ElementBytes(from.type));
  Copy::Axis axes[kMaxRank];
  uint32_t run_bytes = 0;
  const uint32_t rank = Compact(box, element, &run_bytes, axes);
  Copy::Axis* kept = rank != 0 ? p_.MakeArray<Copy::Axis>(rank) : nullptr;
  if (kept != nullptr) std::memcpy(kept, axes, rank * sizeof(Copy::Axis));
  if (copies_ == nullptr || used_ == count_) return;  // no arena left: only counted
  copies_[used_++] = {&from,
                      &to,
                      static_cast<uint32_t>(box.from_offset * element),
                      static_cast<uint32_t>(box.to_offset * element),
                      run_bytes,
                      rank,
                      kept};
}

Status RunCopies(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  if (d.fill != nullptr) FillAll(*d.fill);
  for (uint32_t i = 0; i < d.count; ++i) Run(d.copies[i]);
  return Status::kOk;
}

Status NormaliseAxis(Preparation& p, int32_t* axis, int32_t rank) {
  const int32_t given = *axis;
  if (given < 0) *axis += rank;
  if (given >= -rank && *axis >= 0 && *axis < rank) return Status::kOk;
  return p.Refuse(Status::kUnsupportedOption, "has axis ", given, " for a tensor of rank ", rank);
}

Status ConstantAxis(Preparation& p, size_t input, int32_t rank, int32_t* axis) {
  const int32_t* values = nullptr;
  size_t count = 0;
  HIL_TRY(p.ExpectConstantInts(input, &values, &count));
  if (count != 1) return p.Refuse(Status::kUnsupportedShape, "takes one axis");
  *axis = values[0];
  return NormaliseAxis(p, axis, rank);
}

Status ExpectMove(Preparation& p, size_t inputs, const TensorSlot** from, TensorSlot** to) {
  HIL_TRY(p.ExpectCounts(inputs, 1));
  *from = p.Input(0);
  *to = p.Output(0);
  return p.ExpectType(**to, (*from)->type);
}

bool SameUnits(Preparation& p, const TensorSlot& a, const TensorSlot& b) {
  return p.Scales(a)[0] == p.Scales(b)[0] && p.ZeroPoints(a)[0] == p.ZeroPoints(b)[0];
}

}  // namespace hil::engine::builtin
