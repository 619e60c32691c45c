#include "app/state_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "link/crc32.h"
#include "tests/vectors.h"

namespace hil::app {
namespace {

using test::Bytes;

constexpr uint16_t kStates = 1;

void Add(Bytes* bytes, uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes->push_back(static_cast<uint8_t>(value >> (8 * i)));
}

Bytes Record(uint16_t kind, const Bytes& value) {
  Bytes record;
  Add(&record, kind, 2);
  Add(&record, value.size(), 2);
  record.insert(record.end(), value.begin(), value.end());
  return record;
}

// Input 2, output 1, scales 0.5 and 0.25, zero points 3 and -1.
Bytes State() {
  Bytes state = {2, 1, 0, 0};
  Add(&state, 0x3F000000, 4);
  Add(&state, 3, 4);
  Add(&state, 0x3E800000, 4);
  Add(&state, 0xFFFFFFFF, 4);
  return state;
}

Bytes Aux(const std::vector<Bytes>& records, uint16_t version = 1) {
  Bytes body;
  Add(&body, version, 2);
  Add(&body, records.size(), 2);
  for (const Bytes& record : records) body.insert(body.end(), record.begin(), record.end());
  Bytes aux;
  Add(&aux, link::Crc32Of({body.data(), body.size()}), 4);
  aux.insert(aux.end(), body.begin(), body.end());
  return aux;
}

bool Parse(const Bytes& aux, StateList* states) {
  // A copy of exactly its size, so that the sanitizers see reading past the end.
  const std::unique_ptr<uint8_t[]> exact(new uint8_t[aux.size()]);
  std::copy(aux.begin(), aux.end(), exact.get());
  return states->Parse({exact.get(), aux.size()});
}

TEST(StateList, TakesWhatIsWrittenDown) {
  StateList states;
  ASSERT_TRUE(Parse(Aux({Record(kStates, State())}), &states));
  ASSERT_EQ(states.size(), 1U);
  const StatePair& pair = *states.begin();
  EXPECT_EQ(pair.input, 2);
  EXPECT_EQ(pair.output, 1);
  EXPECT_EQ(pair.input_scale, 0.5F);
  EXPECT_EQ(pair.input_zero_point, 3);
  EXPECT_EQ(pair.output_scale, 0.25F);
  EXPECT_EQ(pair.output_zero_point, -1);
}

TEST(StateList, NothingIsNoStates) {
  StateList states;
  ASSERT_TRUE(Parse(Aux({Record(kStates, State())}), &states));
  EXPECT_TRUE(Parse({}, &states));
  EXPECT_TRUE(states.empty());
}

TEST(StateList, RefusesEveryFlippedBitAndEveryCut) {
  const Bytes aux = Aux({Record(kStates, State())});
  StateList states;
  for (size_t bit = 0; bit < 8 * aux.size(); ++bit) {
    Bytes damaged = aux;
    damaged[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
    EXPECT_FALSE(Parse(damaged, &states)) << bit;
    EXPECT_TRUE(states.empty());
  }
  for (size_t size = 1; size < aux.size(); ++size) {
    EXPECT_FALSE(
        Parse(Bytes(aux.begin(), aux.begin() + static_cast<std::ptrdiff_t>(size)), &states))
        << size;
  }
}

TEST(StateList, RefusesWhatItDoesNotKnowUnlessItMayBeSkipped) {
  StateList states;
  EXPECT_FALSE(Parse(Aux({Record(kStates, State())}, /*version=*/2), &states));
  EXPECT_FALSE(Parse(Aux({Record(kStates, State()), Record(2, Bytes(4))}), &states));
  EXPECT_TRUE(states.empty());
  EXPECT_TRUE(Parse(Aux({Record(0x8002, Bytes(4)), Record(kStates, State())}), &states));
  EXPECT_EQ(states.size(), 1U);
}

TEST(StateList, RefusesLengthsThatDoNotFit) {
  StateList states;
  Bytes longer = State();
  longer.push_back(0);
  EXPECT_FALSE(Parse(Aux({Record(kStates, longer)}), &states));
  Bytes many;
  for (size_t i = 0; i <= kMaxStates; ++i) {
    const Bytes state = State();
    many.insert(many.end(), state.begin(), state.end());
  }
  EXPECT_FALSE(Parse(Aux({Record(kStates, many)}), &states));
  EXPECT_TRUE(states.empty());
}

}  // namespace
}  // namespace hil::app
