"""Seconds from cycles, when the clock's frequency changes on the way."""

from __future__ import annotations


class VirtualClock:
    """Adds up the time of each stretch of constant frequency."""

    def __init__(self, hz: int) -> None:
        self.hz = hz
        self._seconds = 0.0
        self._since_cycles = 0

    def set_frequency(self, hz: int, cycles: int) -> None:
        """The core's clock is `hz` from `cycles` on."""
        self._seconds = self.seconds(cycles)
        self._since_cycles = cycles
        self.hz = hz

    def seconds(self, cycles: int) -> float:
        """Virtual seconds from power-on to `cycles`."""
        return self._seconds + (cycles - self._since_cycles) / self.hz
