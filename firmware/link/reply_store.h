// The replies of the last requests, as they went over the line, to be sent again when one gets
// lost. A queue in one block of memory: a new reply takes the room of the oldest ones.
//
// Every reply lies in one piece, so up to one reply's length stays unused where the block ends.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/span.h"

namespace hil::link {

class ReplyStore {
 public:
  struct Entry {
    uint16_t seq;
    uint16_t size;
    uint32_t offset;
  };

  // Both must outlive the store. It keeps at most entries.size() replies.
  ReplyStore(Span<uint8_t> memory, Span<Entry> entries) : memory_(memory), entries_(entries) {}

  // Room for a reply of at most `bytes` (not more than the memory has), at the cost of the
  // oldest ones. Valid until Commit() or the next Reserve().
  Span<uint8_t> Reserve(size_t bytes);
  // Keeps the first `bytes` of what was reserved as the reply to `seq`.
  void Commit(uint16_t seq, size_t bytes);
  // Empty if it is not kept.
  Span<const uint8_t> Find(uint16_t seq) const;
  void Clear();

 private:
  const Entry& At(size_t age) const { return entries_[(oldest_ + age) % entries_.size()]; }
  void DropOldest();

  Span<uint8_t> memory_;
  Span<Entry> entries_;
  size_t oldest_ = 0;
  size_t count_ = 0;
  size_t next_ = 0;  // where the next reply starts
};

}  // namespace hil::link
