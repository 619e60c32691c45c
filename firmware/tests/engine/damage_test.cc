// Damaged models: refused or run to the end, but never a crash, a hang or a write outside of the
// arena. The sanitizer build makes this test sharp; fuzz_engine.cc goes further.
#include <gtest/gtest.h>

#include "engine/builtin/engine_limits.h"
#include "engine/engine.h"
#include "models.h"

namespace hil::engine {
namespace {

using test::ModelBytes;
using test::TestArena;

constexpr uint32_t kFewOperators = 500;

class Damage : public testing::TestWithParam<std::string> {
 protected:
  Damage() : arena_(192 << 10) { builtin::SetOperatorLimit(kFewOperators); }
  ~Damage() override {
    builtin::SetOperatorLimit(builtin::kDefaultOperatorLimit);
    Unload();
  }

  Status LoadAndRun(ModelBytes& model) {
    Failure failure;
    const Status status = Load(model.span(), arena_.span(), Options(), &failure);
    EXPECT_EQ(status, failure.status);
    if (status != Status::kOk) {
      EXPECT_STRNE(failure.text, "");
      return status;
    }
    test::FillInputs(1);
    const Status invoked = Invoke(&failure);
    if (invoked != Status::kOk) {
      EXPECT_EQ(invoked, Status::kInvokeFailed);
      EXPECT_STRNE(failure.text, "");
    }
    EXPECT_TRUE(arena_.Untouched());
    return Status::kOk;
  }

  TestArena arena_;
};

TEST_P(Damage, EveryTruncationIsRefused) {
  ModelBytes whole(GetParam());
  const size_t step = whole.size() / 300 + 1;
  for (size_t length = 0; length < whole.size(); length += step) {
    ModelBytes part(whole.data(), length);
    // The very end may be padding, or the last bytes of a name that is never read.
    if (length + 64 < whole.size()) {
      EXPECT_NE(LoadAndRun(part), Status::kOk) << "the first " << length << " bytes";
    } else {
      LoadAndRun(part);
    }
  }
}

TEST_P(Damage, FlippedBits) {
  ModelBytes model(GetParam());
  uint32_t random = 12345;
  unsigned refused = 0;
  for (unsigned i = 0; i < 3000; ++i) {
    random = random * 1664525U + 1013904223U;
    const size_t at = (random >> 8) % model.size();
    const auto bit = static_cast<uint8_t>(1U << (random & 7));
    model.data()[at] = static_cast<uint8_t>(model.data()[at] ^ bit);
    refused += LoadAndRun(model) != Status::kOk ? 1 : 0;
    model.data()[at] = static_cast<uint8_t>(model.data()[at] ^ bit);
  }
  EXPECT_GT(refused, 0U);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Damage, testing::ValuesIn(test::FixtureModels()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           std::string name;
                           for (const char c : info.param) {
                             name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           }
                           return name;
                         });

// A loop whose counter never reaches its end must not keep the board from answering.
TEST(EndlessLoop, EndsWithTheOperatorLimit) {
  ModelBytes model("digits_simple_rnn/float32-loop.tflite");
  TestArena arena(192 << 10);
  Failure failure;
  ASSERT_EQ(Load(model.span(), arena.span(), Options(), &failure), Status::kOk);
  test::FillInputs(1);
  builtin::SetOperatorLimit(20);
  EXPECT_EQ(Invoke(&failure), Status::kInvokeFailed);
  EXPECT_NE(std::string(failure.text).find("loop"), std::string::npos) << failure.text;
  EXPECT_GE(failure.subgraph, 0);
  builtin::SetOperatorLimit(builtin::kDefaultOperatorLimit);
  EXPECT_EQ(Invoke(&failure), Status::kOk);
  Unload();
}

}  // namespace
}  // namespace hil::engine
