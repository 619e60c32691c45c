"""The clock by which the link is patient: the board's own.

A real board lives in wall time. An emulated one computes slower than that, the slower the busier
its machine is, and its silence means something only in its own time. So the link never asks what
kind of board it talks to: whoever opens it hands it the clock of the board.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds of a board's life."""

    def now(self) -> float:
        """The board's time [s]; never goes back. Raises BoardError if it has ended."""

    def wall_s(self, left_s: float) -> float:
        """How long to wait on this machine before looking again, when `left_s` of the board's
        seconds are left [s].
        """


class WallClock:
    """The time of a real board, and of a firmware that runs on this desktop."""

    def now(self) -> float:
        """Monotonic time of this machine."""
        return time.monotonic()

    def wall_s(self, left_s: float) -> float:
        """Just as long."""
        return left_s
