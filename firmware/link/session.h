// Decides what a request's sequence number means: execute it, repeat its reply, or ask for the
// one that is missing. No memory of its contents, no clock.
#pragma once

#include <cstdint>

namespace hil::link {

class Session {
 public:
  enum class Verdict : uint8_t {
    kExecute,    // the expected one; the next is expected now
    kRepeat,     // executed before: its reply must have been lost
    kNak,        // others were lost before it, and the host must be told
    kIgnore,     // the same, but the host has been told already
    kNoSession,  // HELLO must come first
  };

  // HELLO: `seq` is its own number. False if it is a repetition of the HELLO that opened this
  // session, with nothing executed since: then its reply is repeated, too.
  bool Open(uint32_t nonce, uint16_t seq);
  Verdict Judge(uint16_t seq);
  // A frame that did not decode. True if the host must be told.
  bool Damaged();

  bool is_open() const { return open_; }
  uint16_t expected() const { return expected_; }
  uint32_t nonce() const { return nonce_; }                    // of this session
  uint32_t previous_nonce() const { return previous_nonce_; }  // of the one before; 0 = none

 private:
  bool open_ = false;
  uint32_t nonce_ = 0;
  uint32_t previous_nonce_ = 0;
  uint16_t hello_seq_ = 0;
  uint16_t expected_ = 0;
  // While a NAK is unanswered: the latest number seen since. Frames that were on their way when
  // the NAK was sent have ascending numbers; a lower one means that the host has started again
  // and the expected one was lost once more.
  bool told_ = false;
  uint16_t latest_ = 0;
};

}  // namespace hil::link
