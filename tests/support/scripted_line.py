"""A host at the board's serial line that is only a few lines of Python."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tflm_hil.emulator.host_line import HostBytes


class ScriptedLine:
    """`HostLine`: `send` from any thread, see `received`; `speed` in baud, None: as the board."""

    def __init__(self, speed: int | None = None) -> None:
        self.speed = speed
        self.received = bytearray()
        self._sent: deque[HostBytes] = deque()
        self._wake: Callable[[], None] = lambda: None

    def send(self, data: bytes) -> None:
        self._sent.append(HostBytes(data, self.speed))
        self._wake()

    def connect(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def take(self) -> HostBytes | None:
        return self._sent.popleft() if self._sent else None

    def baud(self) -> int | None:
        return self.speed

    def deliver(self, data: bytes) -> None:
        self.received += data
