// Keeps the two sides from losing each other over a baud rate.
//
// A new rate is on probation until a good frame arrives at it; without one for kBaudConfirmMs the
// old rate comes back. And a host that starts at the default rate while the device still listens
// at another is recognised by framing errors without any good frame between them.
#pragma once

#include <cstdint>

#include "app/outbox.h"

namespace hil::app {

class BaudGuard {
 public:
  // Switches when everything queued has been sent, to a rate that the board can give.
  void Switch(uint32_t baud, Outbox* outbox);
  void GoodFrame();
  // To be called when there is nothing to read. True while a rate is on probation: no sleeping
  // then, since nothing would wake the core when the time is over.
  bool Watch(Outbox* outbox);

 private:
  uint32_t old_baud_ = 0;  // 0 = no probation
  uint64_t deadline_ = 0;
  uint32_t framing_errors_ = 0;  // at the last good frame
};

}  // namespace hil::app
