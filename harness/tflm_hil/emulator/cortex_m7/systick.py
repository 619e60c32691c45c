"""SysTick: a 24-bit counter, here an event on virtual time. Source: DDI 0403E, B3.3."""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.emulator.bus import Event
from tflm_hil.emulator.cortex_m7.nvic import SYSTICK, Nvic

CSR, RVR, CVR, CALIB = 0xE000E010, 0xE000E014, 0xE000E018, 0xE000E01C
ENABLE, TICKINT, CLKSOURCE, COUNTFLAG = 1, 2, 4, 1 << 16


class SysTick:
    """Counts down from RVR; one period is RVR + 1 ticks of the core clock, or of an eighth."""

    def __init__(
        self,
        nvic: Nvic,
        now: Callable[[], int],
        schedule: Callable[[int, Callable[[], None]], Event],
    ) -> None:
        self._nvic = nvic
        self._now = now
        self._schedule = schedule
        self._event: Event | None = None
        self.reset()

    def reset(self) -> None:
        """System reset: off."""
        if self._event is not None:
            self._event.cancel()
        self._event = None
        self._control = 0
        self._reload = 0
        self._zero_at = 0  # cycle at which the counter reaches 0 next, while enabled
        self._stopped_value = 0

    @property
    def _divider(self) -> int:
        return 1 if self._control & CLKSOURCE else 8

    def _value(self) -> int:
        if not self._control & ENABLE or self._event is None:
            return self._stopped_value
        return max(0, self._zero_at - self._now()) // self._divider

    def _start(self, ticks: int) -> None:
        """Reach 0 after `ticks`."""
        if self._event is not None:
            self._event.cancel()
        self._zero_at = self._now() + ticks * self._divider
        self._event = self._schedule(self._zero_at, self._wrap)

    def _wrap(self) -> None:
        self._control |= COUNTFLAG
        if self._control & TICKINT:
            self._nvic.pend(SYSTICK)
        self._event = None
        if self._reload:
            # From the exact cycle, not from when the core noticed: periods do not drift.
            self._zero_at += (self._reload + 1) * self._divider
            self._event = self._schedule(self._zero_at, self._wrap)
        else:
            self._stopped_value = 0

    def read(self, address: int, debugger: bool) -> int:
        """CSR (clears COUNTFLAG for the core), RVR, CVR, CALIB."""
        match address:
            case 0xE000E010:
                value = self._control
                if not debugger:
                    self._control &= ~COUNTFLAG
                return value
            case 0xE000E014:
                return self._reload
            case 0xE000E018:
                return self._value()
            case _:
                return 0x40000000 | 18749  # RM0385: 1 ms at HCLK/8 of 150 MHz, SKEW

    def write(self, address: int, value: int, debugger: bool) -> None:  # noqa: ARG002
        """CSR, RVR; any write to CVR clears it and COUNTFLAG."""
        if address == CSR:
            left = self._value()
            self._control = (self._control & COUNTFLAG) | (value & 7)
            if self._control & ENABLE:
                if left or self._reload:
                    # A counter at 0 loads RVR with its first tick.
                    self._start(left or self._reload + 1)
            elif self._event is not None:
                self._event.cancel()
                self._event, self._stopped_value = None, left
        elif address == RVR:
            self._reload = value & 0xFFFFFF
            if self._control & ENABLE and self._event is None and self._reload:
                self._start(self._reload + 1)
        elif address == CVR:
            self._control &= ~COUNTFLAG
            self._stopped_value = 0
            if self._control & ENABLE and self._reload:
                self._start(self._reload + 1)
