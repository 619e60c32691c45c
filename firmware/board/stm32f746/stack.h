// Stack paint: start-up fills the stack with it, StackHighWater() looks how much is left.
#pragma once

#include <cstdint>

namespace hil::board {

inline constexpr uint32_t kStackPaint = 0xC5C5C5C5;

}  // namespace hil::board
