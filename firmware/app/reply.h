// A request, and the answer that a command writes to it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/span.h"
#include "engine/engine.h"
#include "link/frame_encoder.h"
#include "link/protocol.h"

namespace hil::app {

struct Request {
  uint8_t type = 0;  // link::Type, if it is a known one
  uint8_t flags = 0;
  uint16_t seq = 0;
  Span<const uint8_t> payload;
};

class Reply {
 public:
  // `room` takes the encoded frame: kMaxWire bytes for any reply.
  Reply(Span<uint8_t> room, const Request& request) : frame_(room), request_(request) {
    frame_.Begin(request.type | link::kReplyBit, 0, request.seq);
  }

  link::FrameEncoder& fields() { return frame_; }

  // Instead of whatever has been written so far.
  void Refuse(link::Error error, const char* text);
  void Refuse(const engine::Failure& failure);

  bool refused() const { return refused_; }

  size_t Finish() { return frame_.Finish(); }

 private:
  void RefuseWith(link::Error error, const engine::Failure& failure, const char* text);

  link::FrameEncoder frame_;
  const Request& request_;
  bool refused_ = false;
};

}  // namespace hil::app
