#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "link/frame_decoder.h"
#include "link/frame_encoder.h"
#include "tests/vectors.h"

namespace hil::link {
namespace {

using test::Bytes;
using Status = FrameDecoder::Status;

Span<const uint8_t> View(const Bytes& bytes) { return {bytes.data(), bytes.size()}; }

Bytes Encode(uint8_t type, uint8_t flags, uint16_t seq, const Bytes& payload,
             size_t room = kMaxWire) {
  Bytes wire(room);
  FrameEncoder encoder({wire.data(), wire.size()});
  encoder.Begin(type, flags, seq);
  encoder.Add(View(payload));
  wire.resize(encoder.Finish());
  return wire;
}

// Feeds all of `wire` and lists what came of it.
struct Decoded {
  std::vector<Status> statuses;
  std::vector<Bytes> payloads;
};
Decoded Decode(FrameDecoder* decoder, const Bytes& wire, size_t piece = SIZE_MAX) {
  Decoded decoded;
  for (size_t at = 0; at < wire.size();) {
    const size_t count = std::min(piece, wire.size() - at);
    size_t used = 0;
    const Status status = decoder->Feed({wire.data() + at, count}, &used);
    EXPECT_GT(used, 0U);
    at += used;
    if (status == Status::kMore) continue;
    decoded.statuses.push_back(status);
    if (status == Status::kFrame) {
      const Span<const uint8_t> payload = decoder->frame().payload;
      decoded.payloads.emplace_back(payload.begin(), payload.end());
    }
  }
  return decoded;
}

class FrameTest : public ::testing::Test {
 protected:
  uint8_t buffer_[kMaxFrame];
  FrameDecoder decoder_{buffer_};
};

TEST_F(FrameTest, EncodesTheGoldenVectors) {
  const std::vector<test::Line> lines = test::Vectors("frame");
  ASSERT_GE(lines.size(), 10U);
  for (const test::Line& line : lines) {
    EXPECT_EQ(
        Encode(static_cast<uint8_t>(std::stoi(line[1])), static_cast<uint8_t>(std::stoi(line[2])),
               static_cast<uint16_t>(std::stoi(line[3])), test::FromHex(line[4])),
        test::FromHex(line[5]))
        << line[0];
  }
}

TEST_F(FrameTest, DecodesTheGoldenVectorsInPiecesOfAnySize) {
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{254}, SIZE_MAX}) {
    for (const test::Line& line : test::Vectors("frame")) {
      const Decoded decoded = Decode(&decoder_, test::FromHex(line[5]), piece);
      ASSERT_EQ(decoded.statuses, std::vector<Status>{Status::kFrame}) << line[0];
      EXPECT_EQ(decoder_.frame().type, std::stoi(line[1]));
      EXPECT_EQ(decoder_.frame().flags, std::stoi(line[2]));
      EXPECT_EQ(decoder_.frame().seq, std::stoi(line[3]));
      EXPECT_EQ(decoded.payloads[0], test::FromHex(line[4])) << line[0];
    }
  }
}

TEST_F(FrameTest, StopsBehindAFrameSoThatTheNextOneIsNotLost) {
  Bytes wire = Encode(1, 0, 1, {1, 0, 2});
  const size_t first = wire.size();
  const Bytes second = Encode(1, 0, 2, {3});
  wire.insert(wire.end(), second.begin(), second.end());
  size_t used = 0;
  EXPECT_EQ(decoder_.Feed(View(wire), &used), Status::kFrame);
  EXPECT_EQ(used, first);
  EXPECT_EQ(decoder_.frame().seq, 1);
}

TEST_F(FrameTest, IgnoresZerosBetweenFrames) {
  Bytes wire = {0, 0, 0};
  const Bytes frame = Encode(1, 0, 1, {7});
  wire.insert(wire.end(), frame.begin(), frame.end());
  EXPECT_EQ(Decode(&decoder_, wire).statuses, std::vector<Status>{Status::kFrame});
}

TEST_F(FrameTest, NoticesEverySingleDamagedByteAndRecovers) {
  const Bytes good = Encode(5, 1, 77, {0, 1, 2, 0, 0, 3, 255, 254, 9});
  for (size_t at = 0; at < good.size(); ++at) {
    for (const uint8_t flip : {0x01, 0x80, 0xFF}) {
      Bytes wire = good;
      wire[at] ^= flip;
      wire.push_back(0);  // in case the closing zero was hit
      wire.insert(wire.end(), good.begin(), good.end());
      const Decoded decoded = Decode(&decoder_, wire);
      EXPECT_EQ(decoded.payloads.size(), 1U) << "byte " << at << " ^ " << int{flip};
      EXPECT_EQ(decoded.statuses.front(), Status::kDamaged);
      EXPECT_EQ(decoded.statuses.back(), Status::kFrame);
    }
    Bytes dropped = good;
    dropped.erase(dropped.begin() + static_cast<std::ptrdiff_t>(at));
    dropped.push_back(0);
    const Decoded after_drop = Decode(&decoder_, dropped);
    // Without its closing zero the frame is whole all the same: another zero closes it.
    EXPECT_EQ(after_drop.payloads.size(), at + 1 == good.size() ? 1U : 0U) << at;
    Bytes doubled = good;
    doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(at), good[at]);
    EXPECT_EQ(Decode(&decoder_, doubled).payloads.size(), at + 1 == good.size() ? 1U : 0U) << at;
  }
}

TEST_F(FrameTest, CallsAFrameThatExceedsTheBufferDamaged) {
  uint8_t small[20];
  FrameDecoder decoder(small);
  EXPECT_EQ(Decode(&decoder, Encode(1, 0, 1, Bytes(12, 9))).statuses,
            std::vector<Status>{Status::kFrame});
  EXPECT_EQ(Decode(&decoder, Encode(1, 0, 1, Bytes(13, 9))).statuses,
            std::vector<Status>{Status::kDamaged});
  EXPECT_EQ(Decode(&decoder, Encode(1, 0, 1, Bytes(3, 9))).statuses,
            std::vector<Status>{Status::kFrame});
}

TEST_F(FrameTest, CallsWhatIsTooShortForAHeaderDamaged) {
  EXPECT_EQ(Decode(&decoder_, {1, 1, 1, 1, 1, 1, 1, 0}).statuses,
            std::vector<Status>{Status::kDamaged});
}

TEST(FrameEncoder, SaysZeroWhenTheBufferIsTooSmall) {
  for (const uint8_t content : {0x00, 0x55}) {
    const Bytes payload(600, content);
    const size_t needed = Encode(1, 0, 1, payload).size();
    for (size_t room = 0; room < needed; ++room) {
      EXPECT_TRUE(Encode(1, 0, 1, payload, room).empty()) << room;
    }
    EXPECT_EQ(Encode(1, 0, 1, payload, needed).size(), needed);
  }
}

TEST(FrameEncoder, SaysZeroForAPayloadLargerThanTheLimit) {
  EXPECT_EQ(Encode(1, 0, 1, Bytes(kMaxPayload, 1)).size(), kMaxWire);
  EXPECT_TRUE(Encode(1, 0, 1, Bytes(kMaxPayload + 1, 1), 2 * kMaxWire).empty());
}

TEST(FrameEncoder, CutsTextsBetweenCharacters) {
  uint8_t wire[64];
  FrameEncoder encoder(wire);
  encoder.Begin(1, 0, 1);
  encoder.AddText("ab\xC3\xBC", 3);  // "abü": the cut would halve the ü
  const size_t size = encoder.Finish();
  uint8_t buffer[kMaxFrame];
  FrameDecoder decoder(buffer);
  const Decoded decoded = Decode(&decoder, Bytes(wire, wire + size));
  EXPECT_EQ(decoded.payloads.at(0), (Bytes{2, 'a', 'b'}));
}

}  // namespace
}  // namespace hil::link
