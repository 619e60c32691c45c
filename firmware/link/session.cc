#include "link/session.h"

namespace hil::link {
namespace {

// a - b in the circle of 16-bit numbers.
int16_t Distance(uint16_t a, uint16_t b) {
  return static_cast<int16_t>(static_cast<uint16_t>(a - b));
}

}  // namespace

bool Session::Open(uint32_t nonce, uint16_t seq) {
  if (open_ && nonce == nonce_ && seq == hello_seq_ &&
      expected_ == static_cast<uint16_t>(seq + 1)) {
    return false;
  }
  previous_nonce_ = nonce_;
  nonce_ = nonce;
  open_ = true;
  hello_seq_ = seq;
  expected_ = static_cast<uint16_t>(seq + 1);
  told_ = false;
  return true;
}

Session::Verdict Session::Judge(uint16_t seq) {
  if (!open_) return Verdict::kNoSession;
  const int16_t ahead = Distance(seq, expected_);
  if (ahead == 0) {
    expected_ = static_cast<uint16_t>(expected_ + 1);
    told_ = false;
    return Verdict::kExecute;
  }
  if (ahead < 0) return Verdict::kRepeat;
  const bool same_burst = told_ && Distance(seq, latest_) > 0;
  told_ = true;
  latest_ = seq;
  return same_burst ? Verdict::kIgnore : Verdict::kNak;
}

bool Session::Damaged() {
  if (!open_ || told_) return false;
  told_ = true;
  latest_ = expected_;
  return true;
}

}  // namespace hil::link
