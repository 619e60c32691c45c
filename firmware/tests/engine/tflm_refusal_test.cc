// What the tflm engine refuses, and what it says: TFLM by itself would follow damaged indices and
// null pointers, and a release build of it prints nothing.
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "flatbuffer_edit.h"
#include "models.h"

namespace hil::engine {
namespace {

using test::Element;
using test::Field;
using test::Follow;
using test::ModelBytes;
using test::Root;
using test::RunOnce;
using test::TestArena;
using test::Word;

constexpr unsigned kModelVersion = 0, kOperatorCodes = 1, kSubgraphs = 2;
constexpr unsigned kOldCode = 0, kNewCode = 3;
constexpr unsigned kTensors = 0, kOperators = 3, kTensorShape = 0, kTensorType = 1;
constexpr unsigned kTensorBuffer = 2, kOperatorInputs = 1;

class TflmRefusal : public testing::Test {
 protected:
  TflmRefusal() : arena_(test::kAmple) {}
  ~TflmRefusal() override { Unload(); }

  Status Try(ModelBytes& model) {
    const Status status = Load(model.span(), arena_.span(), Options(), &failure_);
    EXPECT_EQ(status, failure_.status);
    return status;
  }
  bool Says(const char* words) const {
    return std::string(failure_.text).find(words) != std::string::npos;
  }

  TestArena arena_;
  Failure failure_;
};

TEST_F(TflmRefusal, OperatorThatIsNotLinkedByNameAndPlace) {
  ModelBytes model("digits_simple_rnn/float32-loop.tflite");
  const unsigned count = Word(model, Follow(model, Field(model, Root(model), kOperatorCodes)));
  for (unsigned i = 0; i < count; ++i) {
    const size_t code = Element(model, Root(model), kOperatorCodes, i);
    const size_t old_code = Field(model, code, kOldCode);
    if (old_code == 0 || model.data()[old_code] != 28) continue;  // TANH
    model.data()[old_code] = 69;                                  // TILE, which TFLM has not
    if (const size_t new_code = Field(model, code, kNewCode)) model.data()[new_code] = 69;
  }
  EXPECT_EQ(Try(model), Status::kUnsupportedOperator);
  EXPECT_EQ(failure_.builtin_code, 69);
  EXPECT_EQ(failure_.subgraph, 2);
  EXPECT_GE(failure_.op_index, 0);
  EXPECT_TRUE(Says("TILE is not linked into this firmware")) << failure_.text;
}

TEST_F(TflmRefusal, SchemaVersion) {
  ModelBytes model("digits_lstm/int8-fused.tflite");
  model.data()[Field(model, Root(model), kModelVersion)] = 4;
  EXPECT_EQ(Try(model), Status::kUnsupportedSchema);
  EXPECT_TRUE(Says("schema version 4, TFLM reads version 3")) << failure_.text;
}

TEST_F(TflmRefusal, NoTfliteFile) {
  ModelBytes model("digits_lstm/int8-fused.tflite");
  model.data()[4] = 'X';
  EXPECT_EQ(Try(model), Status::kCorruptModel);
  ModelBytes empty(model.data(), 0);
  EXPECT_EQ(Try(empty), Status::kCorruptModel);
  for (const size_t size : {model.size() / 2, model.size() - 4}) {
    ModelBytes cut(model.data(), size);
    EXPECT_EQ(Try(cut), Status::kCorruptModel) << size;
  }
}

TEST_F(TflmRefusal, IndicesIntoNowhere) {
  const auto with = [this](auto&& edit) {
    ModelBytes model("digits_lstm/int8-fused.tflite");
    edit(model, Element(model, Root(model), kSubgraphs, 0));
    return Try(model);
  };
  const auto write = [](ModelBytes& model, size_t at, int32_t value) {
    std::memcpy(model.data() + at, &value, 4);
  };
  EXPECT_EQ(with([&](ModelBytes& model, size_t graph) {
              const size_t op = Element(model, graph, kOperators, 0);
              write(model, Follow(model, Field(model, op, kOperatorInputs)) + 4, 10000);
            }),
            Status::kCorruptModel);
  EXPECT_TRUE(Says("UNIDIRECTIONAL_SEQUENCE_LSTM refers to tensors")) << failure_.text;
  EXPECT_EQ(with([&](ModelBytes& model, size_t graph) {
              const size_t tensor = Element(model, graph, kTensors, 1);
              write(model, Field(model, tensor, kTensorBuffer), 10000);
            }),
            Status::kCorruptModel);
  EXPECT_TRUE(Says("tensor 1 names a buffer")) << failure_.text;
  EXPECT_EQ(with([&](ModelBytes& model, size_t graph) {
              const size_t tensor = Element(model, graph, kTensors, 0);
              write(model, Follow(model, Field(model, tensor, kTensorShape)) + 4, -1);
            }),
            Status::kUnsupportedShape);
  EXPECT_TRUE(Says("tensor 0 has a dynamic shape")) << failure_.text;
}

TEST_F(TflmRefusal, AnOperatorThatRefusesInPrepareIsNamed) {
  ModelBytes model("digits_lstm/int8-fused.tflite");
  const size_t graph = Element(model, Root(model), kSubgraphs, 0);
  const size_t tensor = Element(model, graph, kTensors, 0);  // the graph's input
  model.data()[Field(model, tensor, kTensorType)] = 0;       // float32, int8 weights behind
  EXPECT_EQ(Try(model), Status::kUnsupportedOption);
  EXPECT_EQ(failure_.op_index, 0);
  EXPECT_TRUE(Says("operator 0 UNIDIRECTIONAL_SEQUENCE_LSTM in subgraph 0")) << failure_.text;
  EXPECT_EQ(InputCount(), 0U) << "a failed Load leaves nothing loaded";
}

TEST_F(TflmRefusal, MisalignedArena) {
  ModelBytes model("digits_lstm/int8-fused.tflite");
  EXPECT_EQ(Load(model.span(), arena_.span().subspan(4), Options(), &failure_),
            Status::kArenaTooSmall);
}

class TflmArena : public testing::TestWithParam<std::string> {};

// Every size below the need is refused with a size that is more and not too much; whoever goes on
// with that one gets there.
TEST_P(TflmArena, SaysHowMuchIsMissingAtLeast) {
  ModelBytes model(GetParam());
  Failure failure;
  TestArena ample(test::kAmple);
  for (const bool preserve_all : {false, true}) {
    Options options;
    options.preserve_all_tensors = preserve_all;
    ASSERT_EQ(Load(model.span(), ample.span(), options, &failure), Status::kOk);
    const uint32_t total = GetArenaUse().total_bytes;
    const std::vector<uint8_t> expected = RunOnce(3);
    size_t size = 0;
    for (int attempts = 0; attempts < 4000; ++attempts) {
      TestArena arena(size);
      const Status status = Load(model.span(), arena.span(), options, &failure);
      ASSERT_TRUE(arena.Untouched()) << size;
      if (status == Status::kOk) break;
      ASSERT_EQ(status, Status::kArenaTooSmall) << size << ": " << failure.text;
      ASSERT_EQ(failure.available_bytes, size);
      ASSERT_GT(failure.needed_bytes, size);
      ASSERT_LE(failure.needed_bytes, total + 64);
      ASSERT_EQ(InputCount(), 0U);
      size = failure.needed_bytes;
    }
    ASSERT_NE(InputCount(), 0U) << "did not get there";
    TestArena exact(total);
    ASSERT_EQ(Load(model.span(), exact.span(), options, &failure), Status::kOk) << failure.text;
    EXPECT_EQ(RunOnce(3), expected);
    EXPECT_TRUE(exact.Untouched());
    TestArena less(total - 16);
    EXPECT_EQ(Load(model.span(), less.span(), options, &failure), Status::kArenaTooSmall);
  }
  Unload();
}

INSTANTIATE_TEST_SUITE_P(Fixtures, TflmArena, testing::ValuesIn(test::FixtureModels()));

}  // namespace
}  // namespace hil::engine
