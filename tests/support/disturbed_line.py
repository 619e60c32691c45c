"""A line between the host and any board that a test disturbs as it likes, while it is in use."""

from __future__ import annotations

import time
from collections.abc import Callable

from tflm_hil.emulator.peripherals.wave import resample
from tflm_hil.link.transport import Transport

Disturbance = Callable[[bytes], bytes]


def nothing(data: bytes) -> bytes:
    """A clean line."""
    return data


def at_rates(sender: float, receiver: float) -> Disturbance:
    """What a receiver at another baud rate makes of the waveform."""
    return lambda data: bytes(byte for byte, _ in resample(data, sender, receiver))


class DisturbedLine:
    """Wraps a transport. `outward` is done to what the host sends, `inward` to what it reads;
    `absent_s` is for how long the host is kept from running before each of its looks.
    """

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.outward: Disturbance = nothing
        self.inward: Disturbance = nothing
        self.absent_s = 0.0

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def baud(self) -> int:
        return self._inner.baud

    @baud.setter
    def baud(self, value: int) -> None:
        self._inner.baud = value

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        if self.absent_s:
            time.sleep(self.absent_s)
        return self.inward(self._inner.read(max_bytes, timeout_s))

    def write(self, data: bytes) -> None:
        if damaged := self.outward(data):
            self._inner.write(damaged)

    def close(self) -> None:
        self._inner.close()
