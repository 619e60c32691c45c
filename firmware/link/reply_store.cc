#include "link/reply_store.h"

namespace hil::link {

Span<uint8_t> ReplyStore::Reserve(size_t bytes) {
  if (next_ + bytes > memory_.size()) {
    // Behind `next_` only the oldest replies stand: they go, and the queue wraps.
    while (count_ > 0 && At(0).offset >= next_) DropOldest();
    next_ = 0;
  }
  while (count_ > 0 && At(0).offset >= next_ && At(0).offset < next_ + bytes) DropOldest();
  return memory_.subspan(next_, bytes);
}

void ReplyStore::Commit(uint16_t seq, size_t bytes) {
  if (count_ == entries_.size()) DropOldest();
  entries_[(oldest_ + count_) % entries_.size()] = {seq, static_cast<uint16_t>(bytes),
                                                    static_cast<uint32_t>(next_)};
  ++count_;
  next_ += bytes;
}

Span<const uint8_t> ReplyStore::Find(uint16_t seq) const {
  // From the newest: a repetition is mostly asked for soon.
  for (size_t age = count_; age-- > 0;) {
    const Entry& entry = At(age);
    if (entry.seq == seq) return {memory_.data() + entry.offset, entry.size};
  }
  return {};
}

void ReplyStore::Clear() {
  oldest_ = 0;
  count_ = 0;
  next_ = 0;
}

void ReplyStore::DropOldest() {
  oldest_ = (oldest_ + 1) % entries_.size();
  --count_;
}

}  // namespace hil::link
