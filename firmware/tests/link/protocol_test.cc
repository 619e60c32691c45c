// The numbers of protocol.h against those of harness/tflm_hil/link/protocol.toml.
#include "link/protocol.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "board/board.h"
#include "engine/engine.h"
#include "tests/vectors.h"

namespace hil {
namespace {

using Constants = std::map<std::string, long>;

template <typename T>
long Number(T value) {
  return static_cast<long>(value);
}

Constants OfTheTable() {
  Constants constants;
  for (const test::Line& line : test::Vectors("constant")) {
    constants[line[0] + " " + line[1]] = std::stol(line[2]);
  }
  return constants;
}

Constants OfTheFirmware() {
  using board::ResetReason;
  using link::Error;
  using link::NakReason;
  using link::SelfTest;
  using link::Type;
  using EngineStatus = engine::Status;
  return {
      {"version protocol", Number(link::kProtocolVersion)},
      {"limit max_payload", Number(link::kMaxPayload)},
      {"limit window", Number(link::kWindow)},
      {"limit reply_store_bytes", Number(link::kReplyStoreBytes)},
      {"limit default_baud", Number(link::kDefaultBaud)},
      {"limit baud_confirm_ms", Number(link::kBaudConfirmMs)},
      {"type hello", Number(Type::kHello)},
      {"type load", Number(Type::kLoad)},
      {"type reset_state", Number(Type::kResetState)},
      {"type step", Number(Type::kStep)},
      {"type sequence", Number(Type::kSequence)},
      {"type write_input", Number(Type::kWriteInput)},
      {"type read_output", Number(Type::kReadOutput)},
      {"type read_tensor", Number(Type::kReadTensor)},
      {"type profile", Number(Type::kProfile)},
      {"type read_profile", Number(Type::kReadProfile)},
      {"type benchmark", Number(Type::kBenchmark)},
      {"type set_baud", Number(Type::kSetBaud)},
      {"type status", Number(Type::kStatus)},
      {"type reboot", Number(Type::kReboot)},
      {"type self_test", Number(Type::kSelfTest)},
      {"type clear_fault", Number(Type::kClearFault)},
      {"type alive", Number(Type::kAlive)},
      {"type log", Number(Type::kLog)},
      {"type boot", Number(Type::kBoot)},
      {"type nak", Number(Type::kNak)},
      {"type error", Number(Type::kError)},
      {"flag load.preserve_all", Number(link::kLoadPreserveAll)},
      {"flag load.raw_states", Number(link::kLoadRawStates)},
      {"flag step.input_written", Number(link::kStepInputWritten)},
      {"flag step.no_outputs", Number(link::kStepNoOutputs)},
      {"flag sequence.reset_before", Number(link::kSequenceResetBefore)},
      {"flag sequence.all_outputs", Number(link::kSequenceAllOutputs)},
      {"flag profile.on", Number(link::kProfileOn)},
      {"flag benchmark.cold", Number(link::kBenchmarkCold)},
      {"error engine", Number(Error::kEngine)},
      {"error unknown_request", Number(Error::kUnknownRequest)},
      {"error bad_length", Number(Error::kBadLength)},
      {"error bad_argument", Number(Error::kBadArgument)},
      {"error no_model", Number(Error::kNoModel)},
      {"error model_not_in_slot", Number(Error::kModelNotInSlot)},
      {"error slot_damaged", Number(Error::kSlotDamaged)},
      {"error too_many_tensors", Number(Error::kTooManyTensors)},
      {"error reply_lost", Number(Error::kReplyLost)},
      {"nak gap", Number(NakReason::kGap)},
      {"nak damaged", Number(NakReason::kDamaged)},
      {"nak no_session", Number(NakReason::kNoSession)},
      {"self_test none", Number(SelfTest::kNone)},
      {"self_test undefined_instruction", Number(SelfTest::kUndefinedInstruction)},
      {"self_test bad_read", Number(SelfTest::kBadRead)},
      {"self_test hang", Number(SelfTest::kHang)},
      {"self_test silent", Number(SelfTest::kSilent)},
      {"reset_reason power_on", Number(ResetReason::kPowerOn)},
      {"reset_reason pin", Number(ResetReason::kPin)},
      {"reset_reason software", Number(ResetReason::kSoftware)},
      {"reset_reason watchdog", Number(ResetReason::kWatchdog)},
      {"reset_reason low_power", Number(ResetReason::kLowPower)},
      {"reset_reason other", Number(ResetReason::kOther)},
      {"status ok", Number(EngineStatus::kOk)},
      {"status no_model", Number(EngineStatus::kNoModel)},
      {"status corrupt_model", Number(EngineStatus::kCorruptModel)},
      {"status unsupported_schema", Number(EngineStatus::kUnsupportedSchema)},
      {"status unsupported_operator", Number(EngineStatus::kUnsupportedOperator)},
      {"status unsupported_type", Number(EngineStatus::kUnsupportedType)},
      {"status unsupported_shape", Number(EngineStatus::kUnsupportedShape)},
      {"status unsupported_option", Number(EngineStatus::kUnsupportedOption)},
      {"status arena_too_small", Number(EngineStatus::kArenaTooSmall)},
      {"status bad_index", Number(EngineStatus::kBadIndex)},
      {"status not_readable", Number(EngineStatus::kNotReadable)},
      {"status invoke_failed", Number(EngineStatus::kInvokeFailed)},
      {"cache art", Number(link::kCacheArt)},
      {"cache icache", Number(link::kCacheInstruction)},
      {"cache dcache", Number(link::kCacheData)},
  };
}

TEST(Protocol, NumbersAreThoseOfTheTable) { EXPECT_EQ(OfTheFirmware(), OfTheTable()); }

}  // namespace
}  // namespace hil
