// A board for the tests of the application: a serial port in memory, a clock that moves only when
// told, and identity values that tests/data/make_link_vectors.py knows, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "board/board.h"

namespace hil::fake {

struct Board {
  std::deque<uint8_t> to_device;
  std::vector<uint8_t> from_device;
  size_t write_room = SIZE_MAX;  // bytes that SerialWrite() takes until the next WaitForWork()
  std::vector<uint8_t> slot;
  uint64_t cycles = 0;
  uint32_t baud = 115200;
  uint32_t framing_errors = 2;
  uint32_t cache_flushes = 0;
  uint32_t activity = 0;
  uint32_t activity_in_invoke = 0;  // what it was when the engine last ran
  bool has_fault = false;
  std::function<void()> on_reboot;  // must not return
};

// The one board; tests start with `board() = Board()`.
Board& board();

}  // namespace hil::fake
