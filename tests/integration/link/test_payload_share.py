"""How much of the line carries model data, in the emulated board's virtual time at 921600 baud.

Share = bytes of input (or output) x 10 bits / (baud rate x virtual seconds), of the direction
that is the fuller one. `pytest -rP` (or `-s`) prints the figures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.models.slot.slot import SlotEntry

from tests.integration.link.conftest import DIGITS, STEP, EmulatedBoard

BAUD = 921600
BITS_PER_BYTE = 10  # 8N1


@dataclass(frozen=True)
class Share:
    """Of the line's capacity in each direction."""

    inward: float
    outward: float
    virtual_s: float

    def __str__(self) -> str:
        return (
            f"in {self.inward:.1%}, out {self.outward:.1%} of {BAUD} baud "
            f"in {self.virtual_s:.3f} virtual s"
        )


def share_of(
    emulated: EmulatedBoard, model: SlotEntry, requests: Iterable[SequenceRequest]
) -> Share:
    device = emulated.device
    device.load(model.hash)
    before = emulated.state()["virtual_seconds"]
    for _ in device.stream(requests):
        pass
    virtual_s = emulated.state()["virtual_seconds"] - before
    capacity = BAUD * virtual_s / BITS_PER_BYTE
    counters = device.counters
    return Share(
        counters.payload_bytes_sent / capacity,
        counters.payload_bytes_received / capacity,
        virtual_s,
    )


def blocks(count: int, numbers: int) -> list[bytes]:
    random = np.random.default_rng(1)
    return [random.normal(size=numbers).astype("<f4").tobytes() for _ in range(count)]


def test_sequences_of_8_by_8_float32(emulated: EmulatedBoard) -> None:
    requests = [SequenceRequest(key, data) for key, data in enumerate(blocks(500, 64))]
    share = share_of(emulated, DIGITS, requests)
    print(f"sequences, 256 bytes in, 40 out: {share}")
    assert share.inward >= 0.90


def test_one_step_messages_of_12_bytes_in_16_out(emulated: EmulatedBoard) -> None:
    requests = [SequenceRequest(key, data, reset=False) for key, data in enumerate(blocks(3000, 3))]
    share = share_of(emulated, STEP, requests)
    print(f"one-step messages, 12 bytes in, 16 out: {share}")
    assert share.outward >= 0.35
    assert share.inward >= 0.35
