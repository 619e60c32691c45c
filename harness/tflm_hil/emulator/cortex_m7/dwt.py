"""DWT: the cycle counter and four watchpoint comparators. Source: DDI 0403E, C1.8; M7 TRM 11.

The registers are locked for the core after power-on: the key 0xC5ACCE55 in LAR opens them. A
debugger is never locked out.
"""

from __future__ import annotations

from collections.abc import Callable

from unicorn import unicorn_const as uc

CTRL, CYCCNT, LAR, LSR = 0xE0001000, 0xE0001004, 0xE0001FB0, 0xE0001FB4
_COMPARATORS = range(0xE0001020, 0xE0001060)
_KEY = 0xC5ACCE55
_CYCCNTENA = 1
_MATCHED = 1 << 24
_HOOKS = {
    5: uc.UC_HOOK_MEM_READ,
    6: uc.UC_HOOK_MEM_WRITE,
    7: uc.UC_HOOK_MEM_READ | uc.UC_HOOK_MEM_WRITE,
}


class Dwt:
    """Survives a system reset: only power-on resets debug logic."""

    def __init__(
        self,
        now: Callable[[], int],
        set_watchpoints: Callable[[list[tuple[int, int, int, int]]], None],
        finding: Callable[[str, str], None],
    ) -> None:
        """`now` counts cycles in which the core was clocked."""
        self._now = now
        self._set_watchpoints = set_watchpoints
        self._finding = finding
        self._unlocked = False
        self._control = 0
        self._trace_enabled = False
        self._base = 0  # now() at which CYCCNT was 0, while it counts
        self._frozen = 0  # CYCCNT while it does not
        self._comparators = [[0, 0, 0] for _ in range(4)]  # COMP, MASK, FUNCTION

    @property
    def _counting(self) -> bool:
        return self._trace_enabled and bool(self._control & _CYCCNTENA)

    @property
    def cyccnt(self) -> int:
        """The cycle counter."""
        return (self._now() - self._base) & 0xFFFFFFFF if self._counting else self._frozen

    def set_trace_enabled(self, enabled: bool) -> None:
        """DEMCR.TRCENA: without it, the counter stands still."""
        value = self.cyccnt
        self._trace_enabled = enabled
        self._set_cyccnt(value)

    def _set_cyccnt(self, value: int) -> None:
        self._frozen = value & 0xFFFFFFFF
        self._base = self._now() - self._frozen

    def matched(self, comparator: int) -> None:
        """A watchpoint hit: FUNCTION.MATCHED until it is read."""
        self._comparators[comparator][2] |= _MATCHED

    def read(self, address: int, debugger: bool) -> int:
        """Registers; reading FUNCTION clears its MATCHED bit."""
        if address == CTRL:
            return 0x40000000 | self._control
        if address == CYCCNT:
            return self.cyccnt
        if address in _COMPARATORS:
            comparator = self._comparators[(address - _COMPARATORS.start) >> 4]
            field = (address >> 2) & 3
            if field == 3:
                return 0
            value = comparator[field]
            if field == 2:
                comparator[2] &= ~_MATCHED
            return value
        if address == LSR:
            # A lock exists for the core only.
            return 0 if debugger else (1 if self._unlocked else 3)
        return 0

    def write(self, address: int, value: int, debugger: bool) -> None:
        """Registers; ignored, with a finding, while locked for the core."""
        if address == LAR:
            self._unlocked = value == _KEY
            return
        if not debugger and not self._unlocked:
            self._finding(
                "dwt-locked",
                f"DWT register {address:#010x} was written while locked and keeps its value; "
                "write 0xC5ACCE55 to DWT_LAR (0xE0001FB0) first",
            )
            return
        if address == CTRL:
            count = self.cyccnt
            self._control = value & _CYCCNTENA
            self._set_cyccnt(count)
        elif address == CYCCNT:
            self._set_cyccnt(value)
        elif address in _COMPARATORS and (address >> 2) & 3 != 3:
            comparator = self._comparators[(address - _COMPARATORS.start) >> 4]
            masks = (0xFFFFFFFF, 0x1F, 0x0000FFFF)
            comparator[(address >> 2) & 3] = value & masks[(address >> 2) & 3]
            self._set_watchpoints(self._active_watchpoints())

    def _active_watchpoints(self) -> list[tuple[int, int, int, int]]:
        active = []
        for number, (address, mask, function) in enumerate(self._comparators):
            hook = _HOOKS.get(function & 0xF)
            if hook is not None:
                first = address & ~((1 << mask) - 1)
                active.append((number, hook, first, first + (1 << mask) - 1))
        return active
