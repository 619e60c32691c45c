#include "app/outbox.h"

#include "board/board.h"
#include "link/frame_encoder.h"

namespace hil::app {
namespace {

constexpr uint32_t kSignsOfLifePerSecond = 4;
constexpr size_t kMaxLogText = 120;

}  // namespace

void Outbox::Send(Span<const uint8_t> wire) {
  if (silent_) return;
  while (!wire.empty()) {
    const size_t taken = board::SerialWrite(wire);
    wire = wire.subspan(taken);
    if (taken == 0) Wait();
  }
  last_sent_ = board::Cycles();
}

void Outbox::SendBoot() {
  uint8_t wire[link::WireBytes(3)];
  link::FrameEncoder frame(wire);
  frame.Begin(static_cast<uint8_t>(link::Type::kBoot), 0, 0);
  frame.AddU8(link::kProtocolVersion);
  frame.AddU8(static_cast<uint8_t>(board::GetResetReason()));
  frame.AddU8(board::LastFault() != nullptr ? 1 : 0);
  Send({wire, frame.Finish()});
}

void Outbox::SendNak(uint16_t expected, link::NakReason reason) {
  uint8_t wire[link::WireBytes(3)];
  link::FrameEncoder frame(wire);
  frame.Begin(static_cast<uint8_t>(link::Type::kNak), 0, 0);
  frame.AddU16(expected);
  frame.AddU8(static_cast<uint8_t>(reason));
  Send({wire, frame.Finish()});
}

void Outbox::SendLog(const char* text) {
  uint8_t wire[link::WireBytes(1 + kMaxLogText)];
  link::FrameEncoder frame(wire);
  frame.Begin(static_cast<uint8_t>(link::Type::kLog), 0, 0);
  frame.AddText(text, kMaxLogText);
  Send({wire, frame.Finish()});
}

void Outbox::KeepAlive(uint32_t invocations) {
  if (board::Cycles() - last_sent_ < board::CoreClockHz() / kSignsOfLifePerSecond) return;
  uint8_t wire[link::WireBytes(4)];
  link::FrameEncoder frame(wire);
  frame.Begin(static_cast<uint8_t>(link::Type::kAlive), 0, 0);
  frame.AddU32(invocations);
  Send({wire, frame.Finish()});
}

void Outbox::Wait() {
  const uint64_t start = board::Cycles();
  board::WaitForWork();
  idle_cycles_ += board::Cycles() - start;
}

}  // namespace hil::app
