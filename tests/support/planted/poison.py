"""A firmware that makes mistakes, each for models of one name, and none for all others.

image = poisoned_firmware()             # built once per content, like every firmware

The mistakes are edits of the firmware's own sources. Which one is made is decided
when a model is loaded: by the beginning of its name in the slot ("wipes-int8-fused" is run by an
engine that wipes its state at each Invoke). So one build and one flashing serve all of them.
"""

from __future__ import annotations

from tflm_hil.firmware_build.build import FirmwareImage

from tests.support.edited_firmware import Edit, edited, firmware_with

HEADER = """\
#pragma once

#include <cstring>

namespace hil {

inline char loaded_name[32] = {};

inline bool Planted(const char* mistake) {
  return std::strncmp(loaded_name, mistake, std::strlen(mistake)) == 0;
}

}  // namespace hil
"""

INCLUDES = '#include <algorithm>\n#include <cmath>\n#include "common/poison.h"\n'

# Changes the input tensor of a whole window or a step before each Invoke.
INPUT = """
namespace {

void Exchange(uint8_t* a, uint8_t* b, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) std::swap(a[i], b[i]);
}

void SpoilInput(const engine::Tensor& tensor) {
  uint8_t* data = tensor.bytes.data();
  const size_t size = tensor.bytes.size();
  const size_t features = static_cast<size_t>(tensor.dims[tensor.rank - 1]);
  size_t elements = 1;
  for (size_t d = 0; d < tensor.rank; ++d) elements *= static_cast<size_t>(tensor.dims[d]);
  const size_t width = size / elements;
  [[gnu::section(".sram")]] static uint8_t kept[512];
  if (Planted("reverses")) {
    for (size_t row = 0; row < elements / features; ++row) {
      for (size_t k = 0; k < features / 2; ++k) {
        Exchange(data + (row * features + k) * width,
                 data + (row * features + features - 1 - k) * width, width);
      }
    }
  } else if (Planted("transposes")) {
    const size_t steps = elements / features;
    std::memcpy(kept, data, size);
    for (size_t t = 0; t < steps; ++t) {
      for (size_t f = 0; f < features; ++f) {
        std::memcpy(data + (f * steps + t) * width, kept + (t * features + f) * width, width);
      }
    }
  } else if (Planted("halves")) {
    for (size_t i = 0; i < elements; ++i) {
      auto* q = reinterpret_cast<int8_t*>(data) + i;
      *q = static_cast<int8_t>(tensor.zero_point + (*q - tensor.zero_point) / 2);
    }
  } else if (Planted("late")) {
    [[gnu::section(".sram")]] static uint8_t previous[64];
    std::memcpy(kept, data, size);
    std::memcpy(data, previous, size);
    std::memcpy(previous, kept, size);
  }
}

}  // namespace

"""


EDITS = (
    Edit(
        "app/model_commands.cc",
        "  StateList states;\n",
        "  std::memcpy(loaded_name, entry.name, sizeof entry.name);\n  StateList states;\n",
    ),
    # a reset that resets nothing
    Edit(
        "app/inference.cc",
        "engine::Status Inference::ResetState() {\n",
        "engine::Status Inference::ResetState() {\n"
        '  if (Planted("leaks")) return engine::Status::kOk;\n',
    ),
    # a state that lasts one Invoke; and whatever happens to the input
    Edit(
        "app/inference.cc",
        "engine::Status Inference::Invoke(uint32_t* cycles, engine::Failure* failure) {\n",
        INPUT + "engine::Status Inference::Invoke(uint32_t* cycles, engine::Failure* failure) {\n"
        '  if (Planted("wipes")) ResetState();\n'
        "  SpoilInput(inputs_[0].tensor);\n",
    ),
    # bytes of one scale fed back to another
    Edit(
        "app/feedback.cc",
        "    if (SameScale(state.pair)) {\n      std::memcpy",
        '    if (SameScale(state.pair) || Planted("naive")) {\n      std::memcpy',
    ),
    # two states of one shape, bound by their order
    Edit(
        "app/feedback.cc",
        "    uint8_t* const to = held + state.at;\n"
        "    const Span<const uint8_t> from = state.output.bytes;\n",
        '    uint8_t* const to = held + (Planted("swaps") ? states_[size_ - 1].at - state.at'
        " : state.at);\n"
        "    const Span<const uint8_t> from = state.output.bytes;\n",
    ),
    # Keras 3's hard_sigmoid for the sigmoid
    Edit(
        "engine/builtin/kernels/activations.cc",
        "return kTanh ? Tanh(x) : Logistic(x);",
        "return kTanh            ? Tanh(x)\n"
        '             : Planted("hard") ? std::fmin(std::fmax(x / 6.0F + 0.5F, 0.0F), 1.0F)\n'
        "                               : Logistic(x);",
    ),
    # a planner that thinks a tensor dead one operator too early
    Edit(
        "engine/builtin/planner.cc",
        "  return a.first <= b.last && b.first <= a.last;\n",
        '  const int early = Planted("overlaps") ? 1 : 0;\n'
        "  return a.first + early <= b.last && b.first + early <= a.last;\n",
    ),
    # a TANH that rounds up where the reference rounds to the nearest
    Edit(
        "engine/builtin/kernels/activations.cc",
        "RoundingShiftRight(TanhQ4(q4), 24) :",
        'RoundingShiftRight(TanhQ4(q4), 24) + (Planted("rounds") && q4 > 0) :',
    ),
    # for descents: the last element of every row is forgotten
    Edit(
        "engine/builtin/kernels/fully_connected.cc",
        "      DotFloat4(rows, input, d.depth, sums);\n",
        '      DotFloat4(rows, input, d.depth - (Planted("slips") ? 1 : 0), sums);\n',
    ),
    Edit(
        "engine/builtin/kernels/fully_connected.cc",
        "      DotInt8x4(rows, input, depth, input_offset, sums);\n",
        '      DotInt8x4(rows, input, depth - (Planted("slips") ? 1 : 0), input_offset, sums);\n',
    ),
    Edit(
        "engine/builtin/kernels/lstm.cc",
        "  DotInt8x4(rows, x, count, offset, sums);\n",
        '  DotInt8x4(rows, x, count - (Planted("slips") && !kFromInput ? 1 : 0), offset, sums);\n',
    ),
)


def poisoned_firmware() -> FirmwareImage:
    """The image, from the cache or built."""
    texts = {"common/poison.h": HEADER}
    for file, text in edited(*EDITS).items():
        first = text.index("#include")
        texts[file] = text[:first] + INCLUDES + text[first:]
    return firmware_with(texts)
