// The application: takes requests from the serial port, has them executed in order and exactly
// once, and answers. See harness/tflm_hil/link/window.py for the other side of the agreement.
#pragma once

#include <cstddef>
#include <cstdint>

#include "app/baud_guard.h"
#include "app/commands.h"
#include "app/outbox.h"
#include "link/frame_decoder.h"
#include "link/protocol.h"
#include "link/reply_store.h"
#include "link/session.h"

namespace hil::app {

// Holds all buffers (about 20 KB): one static instance.
class CommandLoop {
 public:
  CommandLoop();
  CommandLoop(const CommandLoop&) = delete;
  CommandLoop& operator=(const CommandLoop&) = delete;

  // Says that the device has started.
  void Start();
  // Handles what has arrived. False if there was nothing to do: the caller may Sleep().
  bool Poll();
  void Sleep() { outbox_.Wait(); }

 private:
  void Handle(const link::Frame& frame);
  void Execute(const Request& request);
  void Repeat(const Request& request);
  void Nak(link::NakReason reason);

  alignas(8) uint8_t frame_buffer_[link::kMaxFrame] = {};
  alignas(8) uint8_t reply_memory_[link::kReplyStoreBytes] = {};
  link::ReplyStore::Entry reply_entries_[link::kWindow] = {};

  link::FrameDecoder decoder_;
  link::ReplyStore replies_;
  link::Session session_;
  LinkTotals totals_;
  Outbox outbox_;
  BaudGuard baud_guard_;
  Commands commands_;
};

}  // namespace hil::app
