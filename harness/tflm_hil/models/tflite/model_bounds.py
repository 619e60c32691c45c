"""How large a model's ends may be for the firmware, which has fixed memory for them.

    bounds = model_bounds()         # None without the firmware's sources
    bounds.state_bytes              # 4096

The firmware's own headers are read: there is no second copy of a number to forget.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from tflm_hil.paths import REPOSITORY

BOUNDS = REPOSITORY / "firmware/app/model_bounds.h"
PROTOCOL = REPOSITORY / "firmware/link/protocol.h"
_CONSTANT = re.compile(r"^inline constexpr size_t k(\w+) = (\d+);", re.MULTILINE)


@dataclass(frozen=True)
class ModelBounds:
    """The largest that is taken: `tensors` inputs and as many outputs, `states` that are fed back
    with `state_bytes` in all, each at a multiple of `state_alignment`; `frame_bytes` for the
    answer to LOAD, in which a tensor's name has up to `name_bytes`.
    """

    tensors: int
    states: int
    state_bytes: int
    state_alignment: int
    name_bytes: int
    frame_bytes: int

    def held_bytes(self, sizes: Iterable[int]) -> int:
        """What states of these sizes in bytes take together."""
        end = 0
        for size in sizes:
            end = -(-end // self.state_alignment) * self.state_alignment + size
        return end


@cache
def model_bounds() -> ModelBounds | None:
    """Those of the firmware in this repository."""
    if not (BOUNDS.is_file() and PROTOCOL.is_file()):
        return None
    found = {
        name: int(value)
        for header in (BOUNDS, PROTOCOL)
        for name, value in _CONSTANT.findall(header.read_text("utf-8"))
    }
    return ModelBounds(
        tensors=found["MaxTensors"],
        states=found["MaxStates"],
        state_bytes=found["MaxStateBytes"],
        state_alignment=found["StateAlignment"],
        name_bytes=found["MaxTensorName"],
        frame_bytes=found["MaxPayload"],
    )
