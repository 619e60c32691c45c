// Windows that slide over the rows and columns of an image [batch, height, width, channels], for
// convolutions and pooling. A sequence [batch, steps, features] is an image of height 1.
#pragma once

#include <cstdint>

#include "engine/builtin/kernel.h"

namespace hil::engine::builtin {

// One direction of a window: along the height or the width.
struct WindowAxis {
  int32_t input, output;  // positions
  int32_t taps;           // size of the window
  int32_t stride;         // input positions from one window to the next
  int32_t dilation;       // input positions from one tap to the next
  int32_t before;         // padded positions in front of the input

  // The taps [first, end) of window `at` that meet the input; the first one meets `position`.
  struct Span {
    int32_t first, end;
    int32_t position;
  };
  Span At(int32_t at) const {
    const int32_t origin = at * stride - before;
    int32_t first = 0;
    int32_t end = taps;
    if (origin < 0) first = dilation == 1 ? -origin : (dilation - 1 - origin) / dilation;
    const int32_t room = input - origin;  // positions from the origin to the end, at least 1
    if ((taps - 1) * dilation >= room) end = dilation == 1 ? room : (room - 1) / dilation + 1;
    return {first, end, origin + first * dilation};
  }
};

struct WindowOptions {
  int8_t padding;  // schema::kPaddingSame or kPaddingValid
  int32_t stride_height, stride_width;
  int32_t dilation_height, dilation_width;
};

// Refuses options out of range and an output whose size they do not give. `input` and `output` must
// be of rank 4.
Status MakeWindow(Preparation& p, const WindowOptions& options, const TensorSlot& input,
                  const TensorSlot& output, int32_t taps_height, int32_t taps_width, WindowAxis* y,
                  WindowAxis* x);

}  // namespace hil::engine::builtin
