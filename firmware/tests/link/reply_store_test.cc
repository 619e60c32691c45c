#include "link/reply_store.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace hil::link {
namespace {

class ReplyStoreTest : public ::testing::Test {
 protected:
  void Keep(uint16_t seq, size_t size, size_t reserve = 0) {
    const Span<uint8_t> room = store_.Reserve(reserve == 0 ? size : reserve);
    for (size_t i = 0; i < size; ++i) room[i] = static_cast<uint8_t>(seq + i);
    store_.Commit(seq, size);
  }
  bool Keeps(uint16_t seq, size_t size) {
    const Span<const uint8_t> kept = store_.Find(seq);
    if (kept.size() != size) return false;
    for (size_t i = 0; i < size; ++i) {
      if (kept[i] != static_cast<uint8_t>(seq + i)) return false;
    }
    return true;
  }

  uint8_t memory_[100];
  ReplyStore::Entry entries_[8];
  ReplyStore store_{memory_, entries_};
};

TEST_F(ReplyStoreTest, FindsWhatItKeeps) {
  Keep(10, 5);
  Keep(11, 7);
  EXPECT_TRUE(Keeps(10, 5));
  EXPECT_TRUE(Keeps(11, 7));
  EXPECT_TRUE(store_.Find(12).empty());
}

TEST_F(ReplyStoreTest, DropsTheOldestWhenItWraps) {
  Keep(1, 40);
  Keep(2, 40);
  Keep(3, 40);  // does not fit behind 2: takes the room of 1
  EXPECT_TRUE(store_.Find(1).empty());
  EXPECT_TRUE(Keeps(2, 40));
  EXPECT_TRUE(Keeps(3, 40));
}

TEST_F(ReplyStoreTest, AReservationUnusedCostsOnlyWhatItTouched) {
  Keep(1, 10);
  Keep(2, 10, 60);
  EXPECT_TRUE(Keeps(1, 10));
  Keep(3, 10, 60);
  EXPECT_TRUE(Keeps(1, 10));
  EXPECT_TRUE(Keeps(2, 10));
}

TEST_F(ReplyStoreTest, ClearForgetsAll) {
  Keep(1, 10);
  store_.Clear();
  EXPECT_TRUE(store_.Find(1).empty());
}

TEST_F(ReplyStoreTest, KeepsNoMoreRepliesThanEntries) {
  for (uint16_t seq = 0; seq < 9; ++seq) Keep(seq, 1);
  EXPECT_TRUE(store_.Find(0).empty());
  for (uint16_t seq = 1; seq < 9; ++seq) EXPECT_TRUE(Keeps(seq, 1)) << seq;
}

TEST_F(ReplyStoreTest, KeepsWhatFillsTheMemoryToItsEnd) {
  Keep(1, 50);
  Keep(2, 50);
  EXPECT_TRUE(Keeps(1, 50));
  EXPECT_TRUE(Keeps(2, 50));
}

// After a wrap the oldest replies stand behind the newest. When the next one wraps again, they go
// with what it writes over: none of them may be found with another's bytes.
TEST_F(ReplyStoreTest, WhatStandsBehindTheEndGoesFirstWhenItWraps) {
  for (uint16_t seq = 1; seq <= 5; ++seq) Keep(seq, 30);  // 4 and 5 in the room of 1 and 2
  ASSERT_TRUE(Keeps(3, 30));
  Keep(6, 50);
  EXPECT_TRUE(store_.Find(3).empty());
  EXPECT_TRUE(store_.Find(4).empty());
  EXPECT_TRUE(store_.Find(5).empty());
  EXPECT_TRUE(Keeps(6, 50));
}

// A repetition that is another's bytes would be a wrong result with a right CRC.
TEST_F(ReplyStoreTest, WhatIsFoundIsWhatWasKept) {
  std::mt19937 random(2);
  std::vector<size_t> sizes;
  for (uint16_t seq = 0; seq < 3000; ++seq) {
    const size_t reserve = 1 + random() % (seq % 3 == 0 ? sizeof memory_ : 30);
    sizes.push_back(1 + random() % reserve);
    Keep(seq, sizes.back(), reserve);
    for (size_t age = 0; age < 20 && age <= seq; ++age) {
      const auto older = static_cast<uint16_t>(seq - age);
      ASSERT_TRUE(store_.Find(older).empty() || Keeps(older, sizes[older])) << seq << " " << age;
    }
  }
}

// What the host relies on: replies whose sizes add up to the memory minus two reservations are
// kept, whatever came before.
TEST_F(ReplyStoreTest, KeepsTheNewestUpToTheMemoryLessTwoReservations) {
  constexpr size_t kReservation = 20;
  constexpr size_t kPromised = sizeof memory_ - 2 * kReservation;
  std::mt19937 random(1);
  std::vector<size_t> sizes;
  for (uint16_t seq = 0; seq < 2000; ++seq) {
    sizes.push_back(1 + random() % kReservation);
    Keep(seq, sizes.back(), kReservation);
    size_t sum = 0;
    for (size_t age = 0; age < 8 && age <= seq; ++age) {
      const size_t size = sizes[seq - age];
      sum += size;
      if (sum > kPromised) break;
      ASSERT_TRUE(Keeps(static_cast<uint16_t>(seq - age), size)) << seq << " " << age;
    }
  }
}

}  // namespace
}  // namespace hil::link
