// The command loop on the fake board and the fake engine, byte stream in, byte stream out.
#include "app/command_loop.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "link/frame_encoder.h"
#include "tests/fake/fake_board.h"
#include "tests/vectors.h"

namespace hil::app {
namespace {

using link::Type;
using test::Bytes;

struct Message {
  uint8_t type;
  uint16_t seq;
  Bytes payload;
};

bool operator==(const Message& a, const Message& b) {
  return a.type == b.type && a.seq == b.seq && a.payload == b.payload;
}

class CommandLoopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fake::board() = fake::Board();
    fake::board().slot = test::FromHex(test::Vectors("slot").at(0).at(0));
  }

  static Bytes Wire(uint8_t type, uint16_t seq, const Bytes& payload, uint8_t flags = 0) {
    Bytes wire(link::kMaxWire);
    link::FrameEncoder frame({wire.data(), wire.size()});
    frame.Begin(type, flags, seq);
    frame.Add({payload.data(), payload.size()});
    wire.resize(frame.Finish());
    return wire;
  }

  void SendBytes(const Bytes& wire) {
    fake::board().to_device.insert(fake::board().to_device.end(), wire.begin(), wire.end());
  }
  void Send(Type type, uint16_t seq, const Bytes& payload, uint8_t flags = 0) {
    SendBytes(Wire(static_cast<uint8_t>(type), seq, payload, flags));
  }

  // Lets the loop work until it has nothing to do, and takes what it says.
  std::vector<Message> Receive() {
    while (!fake::board().to_device.empty()) loop_->Poll();
    const Bytes wire = std::move(fake::board().from_device);
    fake::board().from_device.clear();
    std::vector<Message> messages;
    for (size_t at = 0; at < wire.size();) {
      size_t used = 0;
      const auto status = decoder_.Feed({wire.data() + at, wire.size() - at}, &used);
      at += used;
      EXPECT_EQ(status, link::FrameDecoder::Status::kFrame);
      const link::Frame& frame = decoder_.frame();
      messages.push_back(
          {frame.type, frame.seq, Bytes(frame.payload.begin(), frame.payload.end())});
    }
    return messages;
  }

  // HELLO as number 0, the fake model loaded as number 1.
  void OpenSession() {
    Send(Type::kHello, 0, {1, 0, 0, 0});
    for (const test::Line& line : test::Vectors("exchange")) {
      if (line[0] == "load") Send(Type::kLoad, 1, test::FromHex(line[3]));
    }
    const std::vector<Message> replies = Receive();
    ASSERT_EQ(replies.size(), 2U);
    ASSERT_EQ(replies[1].type, static_cast<uint8_t>(Type::kLoad) | link::kReplyBit);
  }

  uint8_t buffer_[link::kMaxFrame];
  link::FrameDecoder decoder_{buffer_};
  std::unique_ptr<CommandLoop> loop_ = std::make_unique<CommandLoop>();
};

TEST_F(CommandLoopTest, SpeaksAsTheTableSays) {
  const std::vector<test::Line> lines = test::Vectors("exchange");
  ASSERT_GE(lines.size(), 20U);
  fake::board().has_fault = true;
  uint16_t seq = 0;
  for (const test::Line& line : lines) {
    Send(static_cast<Type>(std::stoi(line[1])), seq, test::FromHex(line[3]),
         static_cast<uint8_t>(std::stoi(line[2])));
    const std::vector<Message> replies = Receive();
    ASSERT_EQ(replies.size(), 1U) << line[0];
    EXPECT_EQ(replies[0].type, std::stoi(line[4])) << line[0];
    EXPECT_EQ(replies[0].seq, seq) << line[0];
    EXPECT_EQ(replies[0].payload, test::FromHex(line[5])) << line[0];
    ++seq;
  }
  EXPECT_EQ(fake::board().baud, 921600U);
  EXPECT_FALSE(fake::board().has_fault);
  // Every load looks at flash that a probe may have written; three cold invocations.
  EXPECT_EQ(fake::board().cache_flushes, 8U + 3U);
}

TEST_F(CommandLoopTest, SaysThatItHasStarted) {
  loop_->Start();
  const std::vector<Message> said = Receive();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].type, static_cast<uint8_t>(Type::kBoot));
  EXPECT_EQ(said[0].payload, (Bytes{link::kProtocolVersion, 1, 0}));
}

TEST_F(CommandLoopTest, TakesNothingBeforeHello) {
  Send(Type::kStep, 5, {1, 2, 3});
  const std::vector<Message> said = Receive();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].type, static_cast<uint8_t>(Type::kNak));
  EXPECT_EQ(said[0].payload.at(2), static_cast<uint8_t>(link::NakReason::kNoSession));
}

TEST_F(CommandLoopTest, RepeatsAReplyWithoutExecutingAgain) {
  OpenSession();
  Send(Type::kStep, 2, {1, 1, 1});
  const std::vector<Message> first = Receive();
  Send(Type::kStep, 2, {1, 1, 1});
  EXPECT_EQ(Receive(), first);
  Send(Type::kStep, 3, {1, 1, 1});
  EXPECT_EQ(Receive().at(0).payload.at(4), 2) << "the second Invoke since load";
}

TEST_F(CommandLoopTest, AsksForAMissingRequestOnceAndExecutesInOrder) {
  OpenSession();
  Send(Type::kStep, 3, {1, 1, 1});
  Send(Type::kStep, 4, {1, 1, 1});
  std::vector<Message> said = Receive();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].type, static_cast<uint8_t>(Type::kNak));
  EXPECT_EQ(said[0].payload, (Bytes{2, 0, static_cast<uint8_t>(link::NakReason::kGap)}));
  for (uint16_t seq = 2; seq < 5; ++seq) Send(Type::kStep, seq, {1, 1, 1});
  said = Receive();
  ASSERT_EQ(said.size(), 3U);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(said[i].payload.at(4), i + 1);
}

TEST_F(CommandLoopTest, AsksAgainForADamagedRequest) {
  OpenSession();
  Bytes wire = Wire(static_cast<uint8_t>(Type::kStep), 2, {1, 1, 1});
  wire[3] ^= 0x40;
  SendBytes(wire);
  const std::vector<Message> said = Receive();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].payload, (Bytes{2, 0, static_cast<uint8_t>(link::NakReason::kDamaged)}));
}

TEST_F(CommandLoopTest, SaysSoWhenAReplyIsNoLongerStored) {
  OpenSession();
  for (uint16_t seq = 2; seq < 2 + link::kWindow; ++seq) Send(Type::kResetState, seq, {});
  Receive();
  Send(Type::kResetState, 1, {});
  const std::vector<Message> said = Receive();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].type, static_cast<uint8_t>(Type::kError));
  EXPECT_EQ(said[0].payload.at(1), static_cast<uint8_t>(link::Error::kReplyLost));
}

TEST_F(CommandLoopTest, RefusesAnUnknownRequest) {
  OpenSession();
  SendBytes(Wire(0x66, 2, {}));
  const std::vector<Message> said = Receive();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].payload.at(0), 0x66);
  EXPECT_EQ(said[0].payload.at(1), static_cast<uint8_t>(link::Error::kUnknownRequest));
}

TEST_F(CommandLoopTest, AFailedInferenceIsRefusedWithTheEnginesReason) {
  OpenSession();
  const Bytes poisoned_in_the_second_step = {1, 1, 1, 0x80, 0x80, 0x80};
  Send(Type::kSequence, 2, poisoned_in_the_second_step, link::kSequenceAllOutputs);
  const std::vector<Message> said = Receive();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].type, static_cast<uint8_t>(Type::kError));
  EXPECT_EQ(said[0].payload.at(2), static_cast<uint8_t>(engine::Status::kInvokeFailed));
  const std::string text(said[0].payload.end() - 8, said[0].payload.end());
  EXPECT_EQ(text, "poisoned");
}

TEST_F(CommandLoopTest, PassesOnWhatTheEnginePrintsThoughItSucceeds) {
  OpenSession();
  Send(Type::kStep, 2, {127, 127, 127});
  const std::vector<Message> said = Receive();
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0].type, static_cast<uint8_t>(Type::kLog));
  const std::string text(said[0].payload.begin(), said[0].payload.end());
  EXPECT_NE(text.find("a warning"), std::string::npos);
  EXPECT_EQ(said[1].type, static_cast<uint8_t>(Type::kStep) | link::kReplyBit);
  Send(Type::kStep, 3, {1, 1, 1});
  EXPECT_EQ(Receive().size(), 1U);
}

TEST_F(CommandLoopTest, RefusesASequenceWhoseOutputsExceedAFrame) {
  OpenSession();
  // 4 bytes of cycles and 4 of output a step: 257 steps are 8 bytes too many.
  Send(Type::kSequence, 2, Bytes(257 * 3), link::kSequenceAllOutputs);
  EXPECT_EQ(Receive().at(0).type, static_cast<uint8_t>(Type::kError));
  Send(Type::kSequence, 3, Bytes(256 * 3), link::kSequenceAllOutputs);
  EXPECT_EQ(Receive().at(0).payload.size(), link::kMaxPayload);
}

TEST_F(CommandLoopTest, GivesSignsOfLifeDuringALongRequest) {
  OpenSession();
  // The fake clock has 1,000,000 cycles a second and an Invoke takes more than 100: 511 of them
  // pass the quarter of a second once every 1,000 or so, counted from the last thing said.
  fake::board().cycles += 240'000;
  Send(Type::kBenchmark, 2, {0xFF, 0x00});
  const std::vector<Message> said = Receive();
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0].type, static_cast<uint8_t>(Type::kAlive));
  EXPECT_EQ(said[1].type, static_cast<uint8_t>(Type::kBenchmark) | link::kReplyBit);
}

TEST_F(CommandLoopTest, WaitsWhileTheTransmitQueueIsFull) {
  OpenSession();
  fake::board().write_room = 5;
  Send(Type::kBenchmark, 2, {0xFF, 0x01, 0, 0, 0});
  EXPECT_EQ(Receive().at(0).payload.size(), 511U * 4);
}

TEST_F(CommandLoopTest, FallsSilentWhenArmed) {
  OpenSession();
  Send(Type::kSelfTest, 2, {static_cast<uint8_t>(link::SelfTest::kSilent)});
  EXPECT_EQ(Receive().size(), 1U);
  Send(Type::kStep, 3, {1, 1, 1});
  Send(Type::kHello, 0, {2, 0, 0, 0});
  EXPECT_TRUE(Receive().empty());
}

TEST_F(CommandLoopTest, RefusesABaudRateThatTheClockCannotGiveAndStaysWhereItIs) {
  OpenSession();
  Send(Type::kSetBaud, 2, {0x00, 0x00, 0x00, 0x01});
  const auto frames = Receive();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].type, static_cast<uint8_t>(Type::kError));
  EXPECT_EQ(fake::board().baud, 115200U);
  EXPECT_FALSE(loop_->Poll()) << "no rate is on probation";
}

TEST_F(CommandLoopTest, GivesANewBaudRateUpWithoutAGoodFrame) {
  OpenSession();
  Send(Type::kSetBaud, 2, {0x00, 0x10, 0x0E, 0x00});
  Receive();
  EXPECT_EQ(fake::board().baud, 921600U);
  EXPECT_TRUE(loop_->Poll()) << "no sleep while the rate is on probation";
  fake::board().cycles += 1'000'001;
  EXPECT_FALSE(loop_->Poll());
  EXPECT_EQ(fake::board().baud, 115200U);
}

TEST_F(CommandLoopTest, KeepsANewBaudRateAfterAGoodFrame) {
  OpenSession();
  Send(Type::kSetBaud, 2, {0x00, 0x10, 0x0E, 0x00});
  Receive();
  Send(Type::kStatus, 3, {});
  Receive();
  fake::board().cycles += 2'000'000;
  EXPECT_FALSE(loop_->Poll());
  EXPECT_EQ(fake::board().baud, 921600U);
}

TEST_F(CommandLoopTest, ReturnsToTheDefaultRateWhenTheHostTalksAtAnother) {
  OpenSession();
  Send(Type::kSetBaud, 2, {0x00, 0x10, 0x0E, 0x00});
  Receive();
  Send(Type::kStatus, 3, {});
  Receive();
  fake::board().framing_errors += 7;
  EXPECT_FALSE(loop_->Poll());
  EXPECT_EQ(fake::board().baud, 921600U);
  fake::board().framing_errors += 1;
  EXPECT_FALSE(loop_->Poll());
  EXPECT_EQ(fake::board().baud, 115200U);
}

TEST_F(CommandLoopTest, TellsTheFaultHandlerWhatItIsDoing) {
  OpenSession();
  Send(Type::kStep, 2, {1, 1, 1});
  Receive();
  EXPECT_EQ(fake::board().activity_in_invoke, 0x00040002U);
  EXPECT_EQ(fake::board().activity, 0U);
}

TEST_F(CommandLoopTest, AnswersBeforeItReboots) {
  OpenSession();
  fake::board().on_reboot = [] { std::exit(fake::board().from_device.empty() ? 1 : 42); };
  Send(Type::kReboot, 2, {});
  EXPECT_EXIT(Receive(), ::testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace hil::app
