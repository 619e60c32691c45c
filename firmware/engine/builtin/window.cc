#include "engine/builtin/window.h"

namespace hil::engine::builtin {
namespace {

// Larger windows, strides and dilations do not occur; below this no position overflows.
constexpr int32_t kMost = 1 << 14;

bool InRange(int32_t value) { return value >= 1 && value <= kMost; }

// False if the output's size is not what input, window and padding give.
bool MakeAxis(int8_t padding, WindowAxis* axis) {
  if (!InRange(axis->taps) || !InRange(axis->stride) || !InRange(axis->dilation)) return false;
  const int32_t reach = (axis->taps - 1) * axis->dilation + 1;
  int32_t expected = 0;
  if (padding == schema::kPaddingSame) {
    expected = (axis->input - 1) / axis->stride + 1;
  } else if (axis->input >= reach) {
    expected = (axis->input - reach) / axis->stride + 1;
  }
  if (axis->output != expected) return false;
  const int64_t missing = int64_t{axis->output - 1} * axis->stride + reach - axis->input;
  axis->before = missing > 0 ? static_cast<int32_t>(missing / 2) : 0;
  return true;
}

}  // namespace

Status MakeWindow(Preparation& p, const WindowOptions& options, const TensorSlot& input,
                  const TensorSlot& output, int32_t taps_height, int32_t taps_width, WindowAxis* y,
                  WindowAxis* x) {
  *y = {input.dims[1],         output.dims[1],          taps_height,
        options.stride_height, options.dilation_height, 0};
  *x = {input.dims[2], output.dims[2], taps_width, options.stride_width, options.dilation_width, 0};
  const bool known =
      options.padding == schema::kPaddingSame || options.padding == schema::kPaddingValid;
  if (known && MakeAxis(options.padding, y) && MakeAxis(options.padding, x)) return Status::kOk;
  return p.Refuse(Status::kUnsupportedShape,
                  "has a window, strides or padding that do not give its output's shape");
}

}  // namespace hil::engine::builtin
