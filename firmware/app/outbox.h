// Everything the application says: replies and the messages that nobody asked for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/span.h"
#include "link/protocol.h"

namespace hil::app {

class Outbox {
 public:
  // Hands a whole frame to the serial port; waits while its queue is full. What arrives
  // meanwhile stays in the receive ring: the host never sends more than fits.
  void Send(Span<const uint8_t> wire);

  void SendBoot();
  void SendNak(uint16_t expected, link::NakReason reason);
  void SendLog(const char* text);
  // Between the invocations of a long request: a sign of life, four times a second.
  void KeepAlive(uint32_t invocations);

  // Sleeps until something may have happened, and counts the time.
  void Wait();
  uint64_t idle_cycles() const { return idle_cycles_; }

  // Self-test: say nothing any more until reset.
  void FallSilent() { silent_ = true; }

 private:
  bool silent_ = false;
  uint64_t last_sent_ = 0;
  uint64_t idle_cycles_ = 0;
};

}  // namespace hil::app
