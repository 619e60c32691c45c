"""A line that damages bytes, between the host and any board."""

from __future__ import annotations

from tflm_hil.emulator.outside.line_noise import LineNoise
from tflm_hil.link.transport import Transport


class NoisyTransport:
    """Wraps a transport; each byte of either direction is damaged with probability `rate`."""

    def __init__(self, inner: Transport, *, rate: float, seed: int) -> None:
        self._inner = inner
        self.outward = LineNoise(rate, seed)
        self.inward = LineNoise(rate, seed + 1)

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
        return self.inward.apply(self._inner.read(max_bytes, timeout_s))

    def write(self, data: bytes) -> None:
        self._inner.write(self.outward.apply(data))

    def close(self) -> None:
        self._inner.close()
