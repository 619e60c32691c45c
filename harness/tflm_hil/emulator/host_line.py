"""The host's side of the board's serial line, as the machine sees it.

    machine = Machine(board, line)      # connects the line

The machine fetches what the host sends and delivers what the board sends; it asks for the host's
speed when it needs it. A pseudo terminal is one implementation, a few lines in a test another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class HostBytes:
    """What the host sent in one go."""

    data: bytes
    baud: int | None = None
    """The speed that the host's side was set to; None: it was never set, and fits the board."""


class HostLine(Protocol):
    """The host's end of the wire. All calls come from the machine's thread and must not block."""

    def connect(self, wake: Callable[[], None]) -> None:
        """Called once, first. `wake` may be called from any thread when there is news to take."""

    def take(self) -> HostBytes | None:
        """The oldest bytes of the host that were not taken yet, or None."""

    def baud(self) -> int | None:
        """The speed of the host's side now; None as in `HostBytes`."""

    def deliver(self, data: bytes) -> None:
        """Bytes that arrive from the board."""


class Unplugged:
    """`HostLine` without a host."""

    def connect(self, wake: Callable[[], None]) -> None:
        """Nobody will ever send."""

    def take(self) -> HostBytes | None:
        """Always None: nothing was sent."""
        return None

    def baud(self) -> int | None:
        """Always None: no speed was set, so any fits."""
        return None

    def deliver(self, data: bytes) -> None:
        """Nobody listens."""
