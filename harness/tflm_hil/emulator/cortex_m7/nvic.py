"""NVIC: which exceptions are pending, enabled and active, and who may preempt whom.

Exceptions are bits of Python integers, by exception number (interrupt n is exception 16 + n).
Source: DDI 0403E, B1.5 (priorities) and B3.4 (registers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

INTERRUPTS = 98
NMI, HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT = 2, 3, 4, 5, 6
SVCALL, DEBUG_MONITOR, PENDSV, SYSTICK = 11, 12, 14, 15
FIRST_INTERRUPT = 16
NO_PRIORITY = 256
_FIXED = {1: -3, NMI: -2, HARD_FAULT: -1}
_ALWAYS_ENABLED = (1 << FIRST_INTERRUPT) - 1
_ALL_INTERRUPTS = ((1 << INTERRUPTS) - 1) << FIRST_INTERRUPT
_BASE = 0xE000E000


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Nvic:
    """Exception states. `on_change` is called whenever what is pending may have changed."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._lines = 0
        self.reset()

    def reset(self) -> None:
        """System reset. Interrupt lines are driven from outside and keep their level."""
        self.pending = self._lines
        self.enabled = _ALWAYS_ENABLED
        self.active = 0
        self.priority_group = 0
        self.priorities = bytearray(FIRST_INTERRUPT + INTERRUPTS + 2)  # whole IPR words

    # --- states -----------------------------------------------------------------------------

    def pend(self, exception: int) -> None:
        """Make it pending."""
        self.pending |= 1 << exception
        self._on_change()

    def unpend(self, exception: int) -> None:
        """No longer pending, unless its line is still high."""
        self.pending &= ~(1 << exception) | self._lines
        self._on_change()

    def priorities_changed(self) -> None:
        """Priorities changed: what was masked may preempt now."""
        self._on_change()

    def set_line(self, interrupt: int, level: bool) -> None:
        """A peripheral drives its line. A high line pends unless its handler runs."""
        bit = 1 << (FIRST_INTERRUPT + interrupt)
        if not level:
            self._lines &= ~bit
        elif not self._lines & bit:
            self._lines |= bit
            if not self.active & bit:
                self.pending |= bit
                self._on_change()

    def activate(self, exception: int) -> None:
        """Its handler starts."""
        self.active |= 1 << exception
        self.pending &= ~(1 << exception)
        self._on_change()

    def deactivate(self, exception: int) -> None:
        """Its handler returns; a line that is still high pends it again."""
        self.active &= ~(1 << exception)
        self.pending |= self._lines & (1 << exception)
        self._on_change()

    # --- priorities -------------------------------------------------------------------------

    def priority(self, exception: int) -> int:
        """All priority bits; lower is more urgent."""
        fixed = _FIXED.get(exception)
        return fixed if fixed is not None else self.priorities[exception]

    def group_priority(self, exception: int) -> int:
        """Without the sub-priority: what decides about preemption."""
        return self._group(self.priority(exception))

    def _group(self, priority: int) -> int:
        return priority if priority < 0 else priority & (0xFF << (self.priority_group + 1)) & 0xFF

    def active_priority(self) -> int:
        """Of the most urgent active exception."""
        return min((self.group_priority(e) for e in _bits(self.active)), default=NO_PRIORITY)

    def execution_priority(self, *, primask: int, faultmask: int, basepri: int) -> int:
        """The current priority of the core, boosted by the mask registers."""
        priority = self.active_priority()
        if basepri:
            priority = min(priority, self._group(basepri))
        if primask:
            priority = min(priority, 0)
        if faultmask:
            priority = min(priority, -1)
        return priority

    def most_urgent(self) -> int | None:
        """The pending and enabled exception that goes first, or None."""
        candidates = self.pending & self.enabled
        if not candidates:
            return None
        return min(_bits(candidates), key=lambda e: (self.priority(e), e))

    def can_preempt(self, execution_priority: int) -> int | None:
        """The pending exception that preempts a core at this priority, or None."""
        exception = self.most_urgent()
        if exception is None or self.group_priority(exception) >= execution_priority:
            return None
        return exception

    # --- registers --------------------------------------------------------------------------

    def read(self, address: int, debugger: bool) -> int:  # noqa: ARG002
        """ICTR, ISER to IABR, IPR."""
        offset = address - _BASE
        if offset == 0x004:
            return (INTERRUPTS - 1) // 32
        if 0x400 <= offset < 0x400 + INTERRUPTS + 2:
            first = FIRST_INTERRUPT + offset - 0x400
            return int.from_bytes(self.priorities[first : first + 4], "little")
        states = {
            2: self.enabled,
            3: self.enabled,
            4: self.pending,
            5: self.pending,
            6: self.active,
        }.get(offset >> 7, 0)
        word = (offset & 0x7F) // 4
        return (states >> (FIRST_INTERRUPT + 32 * word)) & 0xFFFFFFFF

    def write(self, address: int, value: int, debugger: bool) -> None:  # noqa: ARG002
        """ISER to ICPR, IPR, STIR."""
        offset = address - _BASE
        if offset == 0xF00:
            if value & 0x1FF < INTERRUPTS:
                self.pending |= 1 << (FIRST_INTERRUPT + (value & 0x1FF))
        elif 0x400 <= offset < 0x400 + INTERRUPTS + 2:
            for i in range(4):
                self.priorities[FIRST_INTERRUPT + offset - 0x400 + i] = (value >> (8 * i)) & 0xF0
        else:
            bits = (value << (FIRST_INTERRUPT + (offset & 0x7F) // 4 * 32)) & _ALL_INTERRUPTS
            match offset >> 7:
                case 2:
                    self.enabled |= bits
                case 3:
                    self.enabled &= ~bits
                case 4:
                    self.pending |= bits
                case 5:
                    self.pending &= ~bits | (self._lines & ~self.active)
        self._on_change()
