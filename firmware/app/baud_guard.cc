#include "app/baud_guard.h"

#include "board/board.h"
#include "link/protocol.h"

namespace hil::app {
namespace {

// A single one may be noise; a text or frame at another rate gives one in every few characters.
constexpr uint32_t kFramingErrorsOfAnotherRate = 8;

}  // namespace

void BaudGuard::Switch(uint32_t baud, Outbox* outbox) {
  while (!board::SerialSent()) outbox->Wait();
  const uint32_t old = board::SerialBaud();
  if (!board::SerialSetBaud(baud)) return;
  old_baud_ = old;
  deadline_ = board::Cycles() + uint64_t{board::CoreClockHz()} * link::kBaudConfirmMs / 1000;
}

void BaudGuard::GoodFrame() {
  old_baud_ = 0;
  framing_errors_ = board::GetSerialErrors().framing;
}

bool BaudGuard::Watch(Outbox* outbox) {
  if (old_baud_ != 0) {
    if (board::Cycles() < deadline_) return true;
    while (!board::SerialSent()) outbox->Wait();
    board::SerialSetBaud(old_baud_);
    old_baud_ = 0;
    outbox->SendLog("no frame arrived at the new baud rate: back to the old one");
  }
  const uint32_t framing_errors = board::GetSerialErrors().framing;
  if (framing_errors - framing_errors_ >= kFramingErrorsOfAnotherRate) {
    framing_errors_ = framing_errors;
    if (board::SerialBaud() != link::kDefaultBaud) {
      while (!board::SerialSent()) outbox->Wait();
      board::SerialSetBaud(link::kDefaultBaud);
    }
  }
  return false;
}

}  // namespace hil::app
