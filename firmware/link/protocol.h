// The numbers of harness/tflm_hil/link/protocol.toml, which explains every message. The test
// firmware/tests/link/protocol_test.cc holds the two together through tests/data/link_vectors.txt.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hil::link {

inline constexpr uint8_t kProtocolVersion = 2;

inline constexpr size_t kMaxPayload = 2048;
inline constexpr size_t kWindow = 128;
inline constexpr size_t kReplyStoreBytes = 16384;
inline constexpr uint32_t kDefaultBaud = 115200;
inline constexpr uint32_t kBaudConfirmMs = 1000;

inline constexpr size_t kHeaderBytes = 4;
inline constexpr size_t kCrcBytes = 4;
inline constexpr size_t kMaxFrame = kHeaderBytes + kMaxPayload + kCrcBytes;
// COBS adds one byte in 254, one in front, and the closing zero.
constexpr size_t WireBytes(size_t payload_bytes) {
  const size_t body = kHeaderBytes + payload_bytes + kCrcBytes;
  return body + body / 254 + 2;
}
inline constexpr size_t kMaxWire = WireBytes(kMaxPayload);

inline constexpr uint8_t kReplyBit = 0x80;

enum class Type : uint8_t {
  kHello = 0x01,
  kLoad = 0x02,
  kResetState = 0x03,
  kStep = 0x04,
  kSequence = 0x05,
  kWriteInput = 0x06,
  kReadOutput = 0x07,
  kReadTensor = 0x08,
  kProfile = 0x09,
  kReadProfile = 0x0A,
  kBenchmark = 0x0B,
  kSetBaud = 0x0C,
  kStatus = 0x0D,
  kReboot = 0x0E,
  kSelfTest = 0x0F,
  kClearFault = 0x10,

  kAlive = 0xFA,
  kLog = 0xFB,
  kBoot = 0xFC,
  kNak = 0xFE,
  kError = 0xFF,
};

// Flags, by request.
inline constexpr uint8_t kLoadPreserveAll = 1;
inline constexpr uint8_t kLoadRawStates = 2;
inline constexpr uint8_t kStepInputWritten = 1;
inline constexpr uint8_t kStepNoOutputs = 2;
inline constexpr uint8_t kSequenceResetBefore = 1;
inline constexpr uint8_t kSequenceAllOutputs = 2;
inline constexpr uint8_t kProfileOn = 1;
inline constexpr uint8_t kBenchmarkCold = 1;

enum class Error : uint8_t {
  kEngine = 1,
  kUnknownRequest = 2,
  kBadLength = 3,
  kBadArgument = 4,
  kNoModel = 5,
  kModelNotInSlot = 6,
  kSlotDamaged = 7,
  kTooManyTensors = 8,
  kReplyLost = 9,
};

enum class NakReason : uint8_t { kGap = 1, kDamaged = 2, kNoSession = 3 };

enum class SelfTest : uint8_t {
  kNone = 0,
  kUndefinedInstruction = 1,
  kBadRead = 2,
  kHang = 3,
  kSilent = 4,
};

inline constexpr uint8_t kCacheArt = 1;
inline constexpr uint8_t kCacheInstruction = 2;
inline constexpr uint8_t kCacheData = 4;

}  // namespace hil::link
