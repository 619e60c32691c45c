// What the builtin engine has beyond engine.h.
#pragma once

#include <cstdint>

namespace hil::engine::builtin {

// A damaged model may hold a loop that never ends; on a board that is a silent board. So one Invoke
// runs at most this many operators and then returns kInvokeFailed. A real model is far below: 1,000
// steps of a GRU body are 25,000.
inline constexpr uint32_t kDefaultOperatorLimit = 2000000;

void SetOperatorLimit(uint32_t operators);

}  // namespace hil::engine::builtin
