#include "app/op_profiler.h"

#include <algorithm>

#include "board/board.h"

namespace hil::app {

void OpProfiler::Start() {
  inside_ = outside_ = 0;
  uint64_t inside = UINT64_MAX;
  uint64_t whole = UINT64_MAX;
  // The smallest of several: the first ones find cold caches.
  for (int i = 0; i < 8; ++i) {
    size_ = depth_ = cursor_ = dropped_ = 0;
    const uint64_t start = board::Cycles();
    OpBegin(0, 0, 0);
    OpEnd(0, 0, 0);
    whole = std::min(whole, board::Cycles() - start);
    inside = std::min(inside, entries_[0].cycles);
  }
  // `whole` holds one time stamp more than a pair of calls; it stands for the two call
  // instructions through the engine's pointer.
  inside_ = static_cast<uint32_t>(inside);
  outside_ = static_cast<uint32_t>(whole - inside);
  size_ = depth_ = cursor_ = dropped_ = 0;
}

void OpProfiler::OpBegin(uint16_t, uint16_t, uint16_t) {
  if (depth_ < kMaxDepth) {
    open_[depth_].measuring = 0;
    open_[depth_].start = board::Cycles();
  }
  ++depth_;
}

void OpProfiler::OpEnd(uint16_t subgraph, uint16_t op_index, uint16_t builtin_code) {
  const uint64_t end = board::Cycles();
  if (depth_ == 0) return;
  --depth_;
  if (depth_ >= kMaxDepth) {
    ++dropped_;
    return;
  }
  const Open& open = open_[depth_];
  const uint64_t measuring = open.measuring + inside_;
  const uint64_t cycles = end - open.start;
  if (Entry* entry = Find(subgraph, op_index, builtin_code)) {
    ++entry->calls;
    entry->cycles += cycles > measuring ? cycles - measuring : 0;
  } else {
    ++dropped_;
  }
  if (depth_ > 0 && depth_ <= kMaxDepth) {
    open_[depth_ - 1].measuring += open.measuring + inside_ + outside_;
  }
}

OpProfiler::Entry* OpProfiler::Find(uint16_t subgraph, uint16_t op_index, uint16_t builtin_code) {
  for (size_t tried = 0; tried < size_; ++tried) {
    if (cursor_ >= size_) cursor_ = 0;
    Entry& entry = entries_[cursor_++];
    if (entry.subgraph == subgraph && entry.op_index == op_index &&
        entry.builtin_code == builtin_code) {
      return &entry;
    }
  }
  if (size_ == kEntries) return nullptr;
  entries_[size_] = {subgraph, op_index, builtin_code, 0, 0};
  cursor_ = size_ + 1;
  return &entries_[size_++];
}

}  // namespace hil::app
