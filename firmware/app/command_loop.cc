#include "app/command_loop.h"

#include "board/board.h"
#include "engine/engine.h"
#include "link/payload_reader.h"

namespace hil::app {
namespace {

constexpr size_t kReadChunk = 256;

}  // namespace

CommandLoop::CommandLoop()
    : decoder_(frame_buffer_),
      replies_(reply_memory_, reply_entries_),
      commands_(session_, totals_, outbox_) {}

void CommandLoop::Start() { outbox_.SendBoot(); }

bool CommandLoop::Poll() {
  uint8_t chunk[kReadChunk];
  Span<const uint8_t> rest(chunk, board::SerialRead(chunk));
  if (rest.empty()) return baud_guard_.Watch(&outbox_);
  while (!rest.empty()) {
    size_t used = 0;
    const link::FrameDecoder::Status status = decoder_.Feed(rest, &used);
    rest = rest.subspan(used);
    if (status == link::FrameDecoder::Status::kFrame) {
      Handle(decoder_.frame());
    } else if (status == link::FrameDecoder::Status::kDamaged) {
      ++totals_.frames_damaged;
      if (session_.Damaged()) Nak(link::NakReason::kDamaged);
    }
  }
  return true;
}

void CommandLoop::Handle(const link::Frame& frame) {
  ++totals_.frames_received;
  baud_guard_.GoodFrame();
  const Request request{frame.type, frame.flags, frame.seq, frame.payload};
  if (request.type == static_cast<uint8_t>(link::Type::kHello)) {
    link::PayloadReader in(request.payload);
    const uint32_t nonce = in.U32();
    if (!in.Complete()) return;  // of another protocol: there is no session to answer in
    if (!session_.Open(nonce, request.seq)) return Repeat(request);
    replies_.Clear();
    return Execute(request);
  }
  switch (session_.Judge(request.seq)) {
    case link::Session::Verdict::kExecute:
      return Execute(request);
    case link::Session::Verdict::kRepeat:
      return Repeat(request);
    case link::Session::Verdict::kNak:
      return Nak(link::NakReason::kGap);
    case link::Session::Verdict::kNoSession:
      return Nak(link::NakReason::kNoSession);
    case link::Session::Verdict::kIgnore:
      return;
  }
}

void CommandLoop::Execute(const Request& request) {
  board::SetActivity(static_cast<uint32_t>(request.type) << 16 | request.seq);
  // All that a reply can take. The host counts on it: it leaves two frames' room in the store.
  Reply reply(replies_.Reserve(link::kMaxWire), request);
  const Afterwards afterwards = commands_.Execute(request, &reply);
  size_t size = reply.Finish();
  if (size == 0) {
    reply.Refuse(link::Error::kBadArgument, "the reply exceeds one frame");
    size = reply.Finish();
  }
  // Before the reply, so that the host has it when the request is done. A refusal says it itself.
  const char* const message = engine::TakeMessage();
  if (message != nullptr && !reply.refused()) outbox_.SendLog(message);
  replies_.Commit(request.seq, size);
  ++totals_.replies;
  outbox_.Send(replies_.Find(request.seq));
  board::SetActivity(0);
  if (afterwards.baud != 0) baud_guard_.Switch(afterwards.baud, &outbox_);
  if (afterwards.reboot) {
    while (!board::SerialSent()) outbox_.Wait();
    board::Reboot();
  }
}

void CommandLoop::Repeat(const Request& request) {
  ++totals_.duplicates;
  const Span<const uint8_t> kept = replies_.Find(request.seq);
  if (!kept.empty()) return outbox_.Send(kept);
  uint8_t wire[link::WireBytes(128)];
  Reply reply(wire, request);
  reply.Refuse(link::Error::kReplyLost, "the reply is not stored any more");
  outbox_.Send({wire, reply.Finish()});
}

void CommandLoop::Nak(link::NakReason reason) {
  ++totals_.naks;
  outbox_.SendNak(session_.expected(), reason);
}

}  // namespace hil::app
