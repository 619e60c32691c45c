"""FPB: eight hardware breakpoints, version 2 (any halfword). Source: DDI 0403E, C1.11."""

from __future__ import annotations

from collections.abc import Callable

CTRL = 0xE0002000
_COMPARATORS = range(0xE0002008, 0xE0002028)
_ENABLE, _KEY = 1, 2
_ID = 0x10000080  # revision 2, eight code comparators, no literal ones


class Fpb:
    """Survives a system reset: only power-on resets debug logic."""

    def __init__(self, set_breakpoints: Callable[[set[int]], None]) -> None:
        self._set_breakpoints = set_breakpoints
        self._enabled = False
        self._comparators = [0] * 8

    def read(self, address: int, debugger: bool) -> int:  # noqa: ARG002
        """Registers."""
        if address == CTRL:
            return _ID | int(self._enabled)
        if address in _COMPARATORS:
            return self._comparators[(address - _COMPARATORS.start) >> 2]
        return 0

    def write(self, address: int, value: int, debugger: bool) -> None:  # noqa: ARG002
        """FP_CTRL needs its KEY bit; a comparator's bit 0 enables it."""
        if address == CTRL:
            if not value & _KEY:
                return
            self._enabled = bool(value & _ENABLE)
        elif address in _COMPARATORS:
            self._comparators[(address - _COMPARATORS.start) >> 2] = value
        else:
            return
        active = {word & ~1 for word in self._comparators if word & 1} if self._enabled else set()
        self._set_breakpoints(active)
