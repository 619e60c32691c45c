// What is refused at Load, and by which name. The models are fixtures with single bytes changed.
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
using test::TestArena;
using test::Word;

class Refusal : public testing::Test {
 protected:
  Refusal() : arena_(test::kAmple) {}
  ~Refusal() override { Unload(); }

  Status Try(ModelBytes& model) { return Load(model.span(), arena_.span(), Options(), &failure_); }

  TestArena arena_;
  Failure failure_;
};

constexpr unsigned kModelVersion = 0, kOperatorCodes = 1, kSubgraphs = 2;
constexpr unsigned kOldCode = 0, kCodeVersion = 2, kNewCode = 3;
constexpr unsigned kTensors = 0, kInputs = 1, kOutputs = 2, kOperators = 3;
constexpr unsigned kTensorShape = 0, kTensorType = 1, kTensorName = 3, kTensorQuantization = 4;
constexpr unsigned kScale = 2, kZeroPoint = 3;

TEST_F(Refusal, UnknownOperatorByName) {
  ModelBytes model("digits_simple_rnn/float32-loop.tflite");
  const unsigned count = Word(model, Follow(model, Field(model, Root(model), kOperatorCodes)));
  bool changed = false;
  for (unsigned i = 0; i < count; ++i) {
    const size_t code = Element(model, Root(model), kOperatorCodes, i);
    const size_t old_code = Field(model, code, kOldCode);
    if (old_code == 0 || model.data()[old_code] != 28) continue;  // TANH
    model.data()[old_code] = 69;                                  // TILE
    if (const size_t new_code = Field(model, code, kNewCode)) model.data()[new_code] = 69;
    changed = true;
  }
  ASSERT_TRUE(changed);
  EXPECT_EQ(Try(model), Status::kUnsupportedOperator);
  EXPECT_EQ(failure_.builtin_code, 69);
  EXPECT_EQ(failure_.subgraph, 2);
  const std::string text = failure_.text;
  EXPECT_NE(text.find("TILE in subgraph 2 is not part of the builtin engine"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("operator " + std::to_string(failure_.op_index) + " "), 0U) << text;
}

TEST_F(Refusal, NewerOperatorVersion) {
  ModelBytes model("digits_lstm/int8-fused.tflite");
  bool changed = false;
  for (unsigned i = 0; !changed; ++i) {
    const size_t code = Element(model, Root(model), kOperatorCodes, i);
    const size_t version = Field(model, code, kCodeVersion);
    const size_t old_code = Field(model, code, kOldCode);
    if (version == 0 || old_code == 0 || model.data()[old_code] != 9) continue;  // FULLY_CONNECTED
    model.data()[version] = 99;
    changed = true;
  }
  EXPECT_EQ(Try(model), Status::kUnsupportedOperator);
  EXPECT_NE(std::string(failure_.text).find("FULLY_CONNECTED in subgraph 0 has version 99"),
            std::string::npos)
      << failure_.text;
}

TEST_F(Refusal, SchemaVersion) {
  ModelBytes model("digits_lstm/int8-fused.tflite");
  model.data()[Field(model, Root(model), kModelVersion)] = 4;
  EXPECT_EQ(Try(model), Status::kUnsupportedSchema);
  EXPECT_NE(std::string(failure_.text).find("4"), std::string::npos);
}

TEST_F(Refusal, NoTfliteFile) {
  ModelBytes model("digits_lstm/int8-fused.tflite");
  model.data()[4] = 'X';
  EXPECT_EQ(Try(model), Status::kCorruptModel);
  EXPECT_NE(std::string(failure_.text).find("TFL3"), std::string::npos);
  ModelBytes empty(model.data(), 0);
  EXPECT_EQ(Try(empty), Status::kCorruptModel);
}

TEST_F(Refusal, TensorTypeAndShape) {
  ModelBytes model("digits_lstm/int8-fused.tflite");
  const size_t graph = Element(model, Root(model), kSubgraphs, 0);
  const size_t tensor = Element(model, graph, kTensors, 0);  // the graph's input
  uint8_t& type = model.data()[Field(model, tensor, kTensorType)];
  type = 10;  // float64
  EXPECT_EQ(Try(model), Status::kUnsupportedShape);
  EXPECT_NE(std::string(failure_.text).find("input 0"), std::string::npos) << failure_.text;
  type = 0;  // float32, with int8 weights behind
  EXPECT_EQ(Try(model), Status::kUnsupportedType);
  EXPECT_NE(std::string(failure_.text).find("UNIDIRECTIONAL_SEQUENCE_LSTM"), std::string::npos)
      << failure_.text;
  type = 9;
  ASSERT_EQ(Try(model), Status::kOk);

  uint8_t* first_dim = model.data() + Follow(model, Field(model, tensor, kTensorShape)) + 4;
  const int32_t dynamic = -1;
  std::memcpy(first_dim, &dynamic, 4);
  EXPECT_EQ(Try(model), Status::kUnsupportedShape) << failure_.text;
  const int32_t two = 2;
  std::memcpy(first_dim, &two, 4);
  EXPECT_EQ(Try(model), Status::kUnsupportedShape) << failure_.text;
}

// Names and scales are asked for after Load. A reader that fails there has no more answers: every
// output would be tensor 0.
TEST_F(Refusal, NameOrScaleThatIsOnlyReadLater) {
  ModelBytes model("digits_lstm/int8-fused.tflite");
  const size_t graph = Element(model, Root(model), kSubgraphs, 0);
  const unsigned count = Word(model, Follow(model, Field(model, graph, kTensors)));
  unsigned offsets = 0;
  for (unsigned t = 0; t < count; ++t) {
    const size_t tensor = Element(model, graph, kTensors, t);
    size_t places[] = {Field(model, tensor, kTensorName), Field(model, tensor, kTensorQuantization),
                       0, 0};
    if (places[1] != 0) {
      const size_t quantization = Follow(model, places[1]);
      places[2] = Field(model, quantization, kScale);
      places[3] = Field(model, quantization, kZeroPoint);
    }
    for (const size_t place : places) {
      if (place == 0) continue;
      ++offsets;
      model.data()[place + 2] ^= 0x40;  // 4 MB further on
      EXPECT_EQ(Try(model), Status::kCorruptModel) << "tensor " << t;
      model.data()[place + 2] ^= 0x40;
    }
  }
  EXPECT_GT(offsets, 3 * count);
  EXPECT_EQ(Try(model), Status::kOk);
}

TEST_F(Refusal, OutputsThatAreInputs) {
  ModelBytes model("digits_lstm/int8-fused.tflite");
  const size_t graph = Element(model, Root(model), kSubgraphs, 0);
  const auto first = [&](unsigned field) {
    return model.data() + Follow(model, Field(model, graph, field)) + 4;
  };
  std::memcpy(first(kOutputs), first(kInputs), 4);
  EXPECT_EQ(Try(model), Status::kCorruptModel);
  EXPECT_NE(std::string(failure_.text).find("every output is an input"), std::string::npos)
      << failure_.text;
  std::memset(first(kOutputs) - 4, 0, 4);  // the length of the list
  EXPECT_EQ(Try(model), Status::kCorruptModel);
  EXPECT_NE(std::string(failure_.text).find("no output"), std::string::npos) << failure_.text;
}

TEST_F(Refusal, MisalignedMemory) {
  ModelBytes model("digits_lstm/int8-fused.tflite");
  EXPECT_EQ(Load({model.data() + 2, model.size() - 2}, arena_.span(), Options(), &failure_),
            Status::kCorruptModel);
  EXPECT_EQ(Load(model.span(), arena_.span().subspan(4), Options(), &failure_),
            Status::kArenaTooSmall);
}

}  // namespace
}  // namespace hil::engine
