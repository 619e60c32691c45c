// The contract of engine.h, on every model that the project ships.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include "models.h"

namespace hil::engine {
namespace {

using test::FixtureModels;
using test::ModelBytes;
using test::RunOnce;
using test::TestArena;

const bool kIsBuiltin = std::string(GetIdentity().name) == "builtin";

class EngineOnModel : public testing::TestWithParam<std::string> {
 protected:
  EngineOnModel() : model_(GetParam()), arena_(test::kAmple) {}
  ~EngineOnModel() override { Unload(); }

  Status LoadInto(TestArena& arena, bool preserve_all = false) {
    Options options;
    options.preserve_all_tensors = preserve_all;
    return Load(model_.span(), arena.span(), options, &failure_);
  }

  ModelBytes model_;
  TestArena arena_;
  Failure failure_;
};

TEST_P(EngineOnModel, ReportsAnArenaThatIsExactlyEnough) {
  ASSERT_EQ(LoadInto(arena_), Status::kOk) << failure_.text;
  const ArenaUse use = GetArenaUse();
  EXPECT_GE(use.total_bytes, use.activation_bytes + use.state_bytes);
  const std::vector<uint8_t> ample = RunOnce(1);

  TestArena exact(use.total_bytes);
  ASSERT_EQ(LoadInto(exact), Status::kOk) << failure_.text;
  EXPECT_EQ(RunOnce(1), ample);
  EXPECT_TRUE(exact.Untouched());
}

TEST_P(EngineOnModel, RefusesASmallerArenaAndSaysWhatWouldDo) {
  if (!kIsBuiltin) GTEST_SKIP() << "TFLM knows only what the next allocation lacks";
  ASSERT_EQ(LoadInto(arena_), Status::kOk);
  const uint32_t total = GetArenaUse().total_bytes;
  TestArena less(total - 16);
  ASSERT_EQ(LoadInto(less), Status::kArenaTooSmall);
  EXPECT_EQ(failure_.available_bytes, total - 16);
  EXPECT_GE(failure_.needed_bytes, total);
  EXPECT_LT(failure_.needed_bytes, total + 16);
  EXPECT_EQ(InputCount(), 0U) << "a failed Load leaves nothing loaded";

  // With hardly any memory the need is an estimate, but one that would do.
  for (const size_t tiny : {size_t{0}, size_t{64}, size_t{total / 3}}) {
    TestArena small(tiny);
    ASSERT_EQ(LoadInto(small), Status::kArenaTooSmall) << tiny;
    EXPECT_TRUE(small.Untouched());
    TestArena told(failure_.needed_bytes);
    EXPECT_EQ(LoadInto(told), Status::kOk) << tiny << ": " << failure_.text;
  }
}

TEST_P(EngineOnModel, SharedMemoryDoesNotShow) {
  ASSERT_EQ(LoadInto(arena_), Status::kOk);
  std::vector<std::vector<uint8_t>> planned;
  for (uint32_t seed = 0; seed < 4; ++seed) planned.push_back(RunOnce(seed));
  const uint32_t planned_bytes = GetArenaUse().activation_bytes;

  TestArena other(test::kAmple);
  ASSERT_EQ(LoadInto(other, /*preserve_all=*/true), Status::kOk);
  EXPECT_GT(GetArenaUse().activation_bytes, planned_bytes);
  for (uint32_t seed = 0; seed < 4; ++seed) EXPECT_EQ(RunOnce(seed), planned[seed]) << seed;
}

TEST_P(EngineOnModel, SameBitsTwiceAfterReset) {
  ASSERT_EQ(LoadInto(arena_), Status::kOk);
  const std::vector<uint8_t> first = RunOnce(7);
  RunOnce(8);
  ASSERT_EQ(ResetState(), Status::kOk);
  EXPECT_EQ(RunOnce(7), first);
}

TEST_P(EngineOnModel, StateIsKeptIfThereIsAny) {
  ASSERT_EQ(LoadInto(arena_), Status::kOk);
  const bool stateful = GetArenaUse().state_bytes != 0;
  EXPECT_EQ(stateful, GetParam().find("fused") != std::string::npos);
  const std::vector<uint8_t> first = RunOnce(7);
  RunOnce(8);
  // Softmax outputs of an int8 model may hide a small change: several more steps do not.
  bool changed = false;
  for (uint32_t seed = 9; seed < 20 && !changed; ++seed) {
    RunOnce(seed);
    changed = RunOnce(7) != first;
  }
  EXPECT_EQ(changed, stateful);
}

TEST_P(EngineOnModel, InputsOutliveInvoke) {
  if (!kIsBuiltin) GTEST_SKIP() << "TFLM gives the memory of inputs to later tensors";
  ASSERT_EQ(LoadInto(arena_), Status::kOk);
  const std::vector<uint8_t> first = RunOnce(3);
  Failure failure;
  ResetState();
  ASSERT_EQ(Invoke(&failure), Status::kOk);  // inputs not written again
  Tensor output;
  ASSERT_EQ(Output(0, &output), Status::kOk);
  EXPECT_EQ(std::vector<uint8_t>(output.bytes.begin(), output.bytes.end()), first);
}

TEST_P(EngineOnModel, DescribesItsTensors) {
  ASSERT_EQ(LoadInto(arena_), Status::kOk);
  ASSERT_EQ(InputCount(), 1U);
  ASSERT_EQ(OutputCount(), 1U);
  Tensor input;
  Tensor output;
  ASSERT_EQ(Input(0, &input), Status::kOk);
  ASSERT_EQ(Output(0, &output), Status::kOk);
  EXPECT_EQ(Input(1, &input), Status::kBadIndex);
  EXPECT_EQ(Output(1, &output), Status::kBadIndex);
  ASSERT_EQ(Input(0, &input), Status::kOk);
  EXPECT_EQ(input.rank, 3);
  EXPECT_EQ(input.dims[1] * input.dims[2], 64);
  const bool floats = GetParam().find("float32") != std::string::npos;
  EXPECT_EQ(input.type, floats ? TensorType::kFloat32 : TensorType::kInt8);
  EXPECT_EQ(input.bytes.size(), floats ? 256U : 64U);
  EXPECT_EQ(input.scale > 0.0F, !floats);
  EXPECT_EQ(output.rank, 2);
  EXPECT_STRNE(input.name, "");
}

TEST_P(EngineOnModel, ReadsEveryTensorWhenAllArePreserved) {
  ASSERT_EQ(LoadInto(arena_), Status::kOk);
  const auto unreadable = [] {
    size_t count = 0;
    Tensor tensor;
    for (size_t g = 0; g < SubgraphCount(); ++g) {
      Status status;
      for (size_t t = 0; (status = ReadTensor(g, t, &tensor)) != Status::kBadIndex; ++t) {
        count += status == Status::kNotReadable ? 1 : 0;
      }
    }
    return count;
  };
  EXPECT_GT(unreadable(), 0U);
  ASSERT_EQ(LoadInto(arena_, /*preserve_all=*/true), Status::kOk);
  // An int8 LSTM has five "intermediate" tensors, which only carry scales: no operator touches
  // them.
  EXPECT_EQ(unreadable(), GetParam().find("int8-fused") != std::string::npos ? 5U : 0U);
  const std::vector<uint8_t> outputs = RunOnce(5);
  // The output, read as any tensor, holds what Output() shows.
  Tensor output;
  ASSERT_EQ(Output(0, &output), Status::kOk);
  bool found = false;
  Tensor tensor;
  Status status;
  for (size_t t = 0; (status = ReadTensor(0, t, &tensor)) != Status::kBadIndex; ++t) {
    if (status != Status::kOk) continue;
    found = found || (tensor.bytes.data() == output.bytes.data() &&
                      std::vector<uint8_t>(tensor.bytes.begin(), tensor.bytes.end()) == outputs);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(ReadTensor(SubgraphCount(), 0, &tensor), Status::kBadIndex);
}

class CountingProfiler final : public Profiler {
 public:
  void OpBegin(uint16_t subgraph, uint16_t, uint16_t) override {
    ++begun;
    if (subgraph > deepest) deepest = subgraph;
    if (++depth > most_depth) most_depth = depth;
  }
  void OpEnd(uint16_t, uint16_t, uint16_t) override { --depth; }

  unsigned begun = 0;
  unsigned depth = 0;
  unsigned most_depth = 0;
  uint16_t deepest = 0;
};

TEST_P(EngineOnModel, ProfilerSeesEveryOperatorAlsoInsideLoops) {
  ASSERT_EQ(LoadInto(arena_), Status::kOk);
  CountingProfiler profiler;
  SetProfiler(&profiler);
  RunOnce(1);
  SetProfiler(nullptr);
  EXPECT_EQ(profiler.depth, 0U);
  if (GetParam().find("loop") == std::string::npos) {
    EXPECT_EQ(profiler.begun, OpCount(0));
    EXPECT_EQ(profiler.most_depth, 1U);
  } else {
    // Eight steps: the condition runs nine times, the body eight times.
    EXPECT_EQ(profiler.begun, OpCount(0) + 9 * OpCount(1) + 8 * OpCount(2));
    EXPECT_EQ(profiler.most_depth, 2U);
    EXPECT_EQ(profiler.deepest, 2U);
  }
  const unsigned before = profiler.begun;
  RunOnce(1);
  EXPECT_EQ(profiler.begun, before) << "called although it is turned off";
}

TEST(Engine, WithoutAModelEveryCallSaysSo) {
  Unload();
  Tensor tensor;
  Failure failure;
  EXPECT_EQ(Invoke(&failure), Status::kNoModel);
  EXPECT_EQ(failure.status, Status::kNoModel);
  EXPECT_EQ(ResetState(), Status::kNoModel);
  EXPECT_EQ(Input(0, &tensor), Status::kNoModel);
  EXPECT_EQ(Output(0, &tensor), Status::kNoModel);
  EXPECT_EQ(ReadTensor(0, 0, &tensor), Status::kNoModel);
  EXPECT_EQ(InputCount(), 0U);
  EXPECT_EQ(SubgraphCount(), 0U);
  EXPECT_EQ(GetArenaUse().total_bytes, 0U);
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  std::string name;
  for (const char c : info.param) {
    if (c == '.') break;
    name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, EngineOnModel, testing::ValuesIn(FixtureModels()), TestName);

}  // namespace
}  // namespace hil::engine
