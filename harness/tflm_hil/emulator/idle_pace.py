"""How fast a board may go that only sleeps from tick to tick.

Virtual time jumps over sleep, so a board that waits for its host would race through hours of it
and keep a processor busy. After a while without traffic it follows the wall clock.
"""

from __future__ import annotations

from tflm_hil.emulator.peripherals import UartPort

PATIENT_TICKS = 100
"""Jumps without traffic that cost no wall time."""
LONGEST_NAP_S = 0.05


class IdlePace:
    """Counts jumps during which nothing passes the console."""

    def __init__(self, console: UartPort) -> None:
        self._console = console
        self._ticks = 0
        self._bytes = 0

    def nap_s(self, jump_s: float) -> float:
        """Wall time to wait after a jump of `jump_s` virtual seconds [s]."""
        counters = self._console.counters
        passed = counters.bytes_in + counters.bytes_out
        if passed != self._bytes or not self._console.idle:
            self._bytes, self._ticks = passed, 0
        self._ticks += 1
        return 0 if self._ticks < PATIENT_TICKS else min(jump_s, LONGEST_NAP_S)
