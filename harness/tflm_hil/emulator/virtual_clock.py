"""Seconds from cycles, when the clock's frequency changes on the way."""

from __future__ import annotations

from typing import NamedTuple


class _Stretch(NamedTuple):
    """Since when the frequency is what it is."""

    hz: int
    seconds: float
    cycles: int


class VirtualClock:
    """Adds up the time of each stretch of constant frequency. Readable from any thread."""

    def __init__(self, hz: int) -> None:
        self._stretch = _Stretch(hz, 0.0, 0)

    @property
    def hz(self) -> int:
        """The core's clock now."""
        return self._stretch.hz

    def set_frequency(self, hz: int, cycles: int) -> None:
        """The core's clock is `hz` from `cycles` on."""
        self._stretch = _Stretch(hz, self.seconds(cycles), cycles)

    def seconds(self, cycles: int) -> float:
        """Virtual seconds from power-on to `cycles`."""
        since = self._stretch
        return since.seconds + (cycles - since.cycles) / since.hz
