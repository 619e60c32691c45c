#include "app/commands.h"

#include "board/board.h"
#include "engine/engine.h"
#include "link/payload_reader.h"

namespace hil::app {
namespace {

void AddFault(const board::FaultRecord& fault, link::FrameEncoder* out) {
  out->AddU32(fault.sequence);
  for (const uint32_t r : fault.r) out->AddU32(r);
  out->AddU32(fault.sp);
  out->AddU32(fault.lr);
  out->AddU32(fault.pc);
  out->AddU32(fault.xpsr);
  out->AddU32(fault.exc_return);
  out->AddU32(fault.cfsr);
  out->AddU32(fault.hfsr);
  out->AddU32(fault.mmfar);
  out->AddU32(fault.bfar);
  out->AddU32(fault.dfsr);
  out->AddU32(fault.request);
}

}  // namespace

Afterwards Commands::Execute(const Request& request, Reply* reply) {
  Afterwards afterwards;
  switch (static_cast<link::Type>(request.type)) {
    case link::Type::kHello:
      Hello(request, reply);
      break;
    case link::Type::kLoad:
      Load(request, reply);
      break;
    case link::Type::kResetState:
      ResetState(reply);
      break;
    case link::Type::kStep:
      Step(request, reply);
      break;
    case link::Type::kSequence:
      Sequence(request, reply);
      break;
    case link::Type::kWriteInput:
      WriteInput(request, reply);
      break;
    case link::Type::kReadOutput:
      ReadOutput(request, reply);
      break;
    case link::Type::kReadTensor:
      ReadTensor(request, reply);
      break;
    case link::Type::kProfile:
      Profile(request, reply);
      break;
    case link::Type::kReadProfile:
      ReadProfile(request, reply);
      break;
    case link::Type::kBenchmark:
      Benchmark(request, reply);
      break;
    case link::Type::kSetBaud:
      SetBaud(request, reply, &afterwards);
      break;
    case link::Type::kStatus:
      Status(request, reply);
      break;
    case link::Type::kReboot:
      afterwards.reboot = true;
      break;
    case link::Type::kSelfTest:
      SelfTest(request, reply);
      break;
    case link::Type::kClearFault:
      board::ClearFault();
      break;
    default:
      reply->Refuse(link::Error::kUnknownRequest, "this firmware does not know the request");
  }
  return afterwards;
}

void Commands::Hello(const Request&, Reply* reply) {
  const board::Circumstances& circumstances = board::GetCircumstances();
  const engine::Identity& identity = engine::GetIdentity();
  const Span<const uint8_t> build_id = board::BuildId();
  link::FrameEncoder& out = reply->fields();
  out.AddU32(session_.nonce());
  out.AddU32(session_.previous_nonce());
  out.AddU8(link::kProtocolVersion);
  out.AddU16(link::kWindow);
  out.AddU16(link::kMaxPayload);
  out.AddU32(link::kReplyStoreBytes);
  out.AddU32(static_cast<uint32_t>(board::SerialReceiveCapacity()));
  out.AddU8(static_cast<uint8_t>(build_id.size()));
  out.Add(build_id);
  out.AddText(circumstances.board);
  out.AddText(identity.name);
  out.AddText(identity.version);
  out.AddText(identity.kernels);
  out.AddText(circumstances.compiler);
  out.AddText(circumstances.flags);
  out.AddU32(board::CoreClockHz());
  out.AddU32(circumstances.serial_clock_hz);
  out.AddU32(board::SerialBaud());
  out.AddU8(circumstances.flash_wait_states);
  out.AddU8(static_cast<uint8_t>((circumstances.art ? link::kCacheArt : 0) |
                                 (circumstances.icache ? link::kCacheInstruction : 0) |
                                 (circumstances.dcache ? link::kCacheData : 0)));
  out.AddU8(static_cast<uint8_t>(board::GetResetReason()));
  out.AddU32(static_cast<uint32_t>(board::Arena().size()));
  out.AddU32(static_cast<uint32_t>(board::ModelSlot().size()));
  out.AddU32(board::StackSize());
  const board::FaultRecord* fault = board::LastFault();
  out.AddU8(fault != nullptr ? 1 : 0);
  if (fault != nullptr) AddFault(*fault, &out);
}

void Commands::Status(const Request&, Reply* reply) {
  const board::SerialErrors errors = board::GetSerialErrors();
  link::FrameEncoder& out = reply->fields();
  out.AddU64(board::Cycles());
  out.AddU64(inference_.totals().cycles);
  out.AddU64(outbox_.idle_cycles());
  out.AddU32(inference_.totals().invocations);
  out.AddU32(board::StackSize());
  out.AddU32(board::StackHighWater());
  out.AddU32(totals_.frames_received);
  out.AddU32(totals_.frames_damaged);
  out.AddU32(totals_.duplicates);
  out.AddU32(totals_.naks);
  out.AddU32(totals_.replies);
  out.AddU32(errors.overrun);
  out.AddU32(errors.framing);
  out.AddU32(errors.noise);
  out.AddU32(errors.parity);
}

void Commands::SetBaud(const Request& request, Reply* reply, Afterwards* afterwards) {
  link::PayloadReader in(request.payload);
  const uint32_t baud = in.U32();
  if (!in.Complete()) return reply->Refuse(link::Error::kBadLength, "set_baud takes 4 bytes");
  // Now, not when switching: the host goes over as soon as it has this reply.
  if (!board::SerialBaudPossible(baud)) {
    return reply->Refuse(link::Error::kBadArgument, "the clock tree cannot give this baud rate");
  }
  reply->fields().AddU32(baud);
  afterwards->baud = baud;
}

void Commands::SelfTest(const Request& request, Reply* reply) {
  link::PayloadReader in(request.payload);
  const uint8_t kind = in.U8();
  if (!in.Complete()) return reply->Refuse(link::Error::kBadLength, "self_test takes 1 byte");
  if (kind > static_cast<uint8_t>(link::SelfTest::kSilent)) {
    return reply->Refuse(link::Error::kBadArgument, "there is no self-test of this kind");
  }
  inference_.Arm(static_cast<link::SelfTest>(kind));
}

bool Commands::HasModel(Reply* reply) const {
  if (inference_.loaded()) return true;
  reply->Refuse(link::Error::kNoModel, "no model is loaded");
  return false;
}

}  // namespace hil::app
