#include "app/model_slot.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/vectors.h"

namespace hil::app {
namespace {

using test::Bytes;

// The slot that harness/tflm_hil/models/slot/slot.py packed: "refused", "fake model", "damaged",
// the single step without its states, the same model "step" with them, and others.
class ModelSlotTest : public ::testing::Test {
 protected:
  static constexpr size_t kFirstHash = 16;

  SlotStatus Find(const Bytes& hash, size_t slot_size) {
    return FindModel({slot_.data(), slot_size}, {hash.data(), hash.size()}, &entry_);
  }
  Bytes HashAt(size_t at) const {
    const auto begin = slot_.begin() + static_cast<std::ptrdiff_t>(at);
    return {begin, begin + kHashBytes};
  }

  Bytes slot_ = test::FromHex(test::Vectors("slot").at(0).at(0));
  SlotEntry entry_;
};

TEST_F(ModelSlotTest, FindsEntriesOneBehindTheOther) {
  ASSERT_EQ(Find(HashAt(kFirstHash), slot_.size()), SlotStatus::kOk);
  EXPECT_STREQ(entry_.name, "refused");
  EXPECT_EQ(std::memcmp(entry_.model.data(), "no model", entry_.model.size()), 0);
  const size_t second = 96;
  ASSERT_EQ(Find(HashAt(second + kFirstHash), slot_.size()), SlotStatus::kOk);
  EXPECT_STREQ(entry_.name, "fake model");
  EXPECT_EQ(entry_.model.size(), 10U);
}

TEST_F(ModelSlotTest, SaysWhenAModelIsDamaged) {
  const size_t third = 192;
  EXPECT_EQ(Find(HashAt(third + kFirstHash), slot_.size()), SlotStatus::kDamaged);
}

TEST_F(ModelSlotTest, OfSeveralEntriesWithOneHashTheLastCounts) {
  const size_t fourth = 192 + 96;
  const Bytes hash = HashAt(fourth + kFirstHash);
  const size_t fifth = fourth + 96;
  ASSERT_EQ(HashAt(fifth + kFirstHash), hash);
  ASSERT_EQ(Find(hash, slot_.size()), SlotStatus::kOk);
  EXPECT_STREQ(entry_.name, "step");
  EXPECT_EQ(entry_.aux.size(), 32U);
  ASSERT_EQ(Find(hash, fifth), SlotStatus::kOk);
  EXPECT_STREQ(entry_.name, "step, without its states");
  EXPECT_TRUE(entry_.aux.empty());
  // Aux data that is cut off is not an entry.
  EXPECT_EQ(Find(hash, fifth + 64 + 8 + 31), SlotStatus::kOk);
  EXPECT_TRUE(entry_.aux.empty());
}

TEST_F(ModelSlotTest, EndsAtErasedFlash) {
  EXPECT_EQ(Find(Bytes(kHashBytes, 0xFF), slot_.size()), SlotStatus::kNotFound);
  EXPECT_EQ(Find(Bytes(kHashBytes, 0), 0), SlotStatus::kNotFound);
}

TEST_F(ModelSlotTest, DoesNotReadBehindTheSlotsEnd) {
  const Bytes hash = HashAt(192 + kFirstHash);
  // Cut anywhere: what is not whole is not there. (The sanitizers watch the bounds.)
  for (size_t size = 0; size < 192 + 64 + 27; ++size) {
    const Bytes cut(slot_.begin(), slot_.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(FindModel({cut.data(), cut.size()}, {hash.data(), hash.size()}, &entry_),
              SlotStatus::kNotFound)
        << size;
  }
}

TEST_F(ModelSlotTest, ADamagedHeaderEndsTheList) {
  const Bytes second = HashAt(96 + kFirstHash);
  for (const size_t at : {size_t{0}, size_t{4}, size_t{8}, size_t{40}, size_t{60}}) {
    slot_[at] ^= 1;
    EXPECT_EQ(Find(second, slot_.size()), SlotStatus::kNotFound) << at;
    slot_[at] ^= 1;
  }
  EXPECT_EQ(Find(second, slot_.size()), SlotStatus::kOk);
}

}  // namespace
}  // namespace hil::app
