"""The independent and the window watchdog (RM0385, chapters 28 and 29).

A watchdog is a deadline: it is scheduled once and moved only when the event finds that it has
been fed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from tflm_hil.emulator.bus import Bus, Event, ResetReason
from tflm_hil.emulator.peripherals.clock import LSI_HZ
from tflm_hil.emulator.peripherals.rcc import Rcc
from tflm_hil.emulator.peripherals.registers import ALWAYS_ON, Device, RegisterFile, bits

WWDG_IRQ = 0


class Deadline:
    """A moment in seconds from the last `set`, kept through changes of HCLK."""

    def __init__(self, bus: Bus, rcc: Rcc, expired: Callable[[], None]) -> None:
        self._bus = bus
        self._rcc = rcc
        self._expired = expired
        self._event: Event | None = None
        self._at = 0
        self._left = Fraction(0)
        self._running = False
        rcc.listen(self)

    @property
    def seconds_left(self) -> Fraction:
        """Until it expires."""
        return Fraction(self._at - self._bus.cycles) / self._rcc.tree.hclk_hz

    def set(self, seconds: Fraction) -> None:
        """Expire after `seconds` from now, instead of before."""
        self._running = True
        self._at = self._bus.cycles + round(seconds * self._rcc.tree.hclk_hz)
        if self._event is None:
            self._event = self._bus.schedule(self._at, self._due)

    def cancel(self) -> None:
        """Never."""
        self._running = False
        if self._event is not None:
            self._event.cancel()
            self._event = None

    def before_clock_change(self) -> None:
        """`ClockListener`."""
        self._left = self.seconds_left

    def after_clock_change(self) -> None:
        """`ClockListener`."""
        if self._running:
            left = self._left
            self.cancel()
            self.set(left)

    def _due(self) -> None:
        self._event = None
        if not self._running:
            return
        if self._bus.cycles < self._at:
            self._event = self._bus.schedule(self._at, self._due)
            return
        self._running = False
        self._expired()


class Iwdg(Device):
    """The independent watchdog, on LSI."""

    KR, PR, RLR, SR, WINR = range(0, 0x14, 4)

    def __init__(self, bus: Bus, rcc: Rcc) -> None:
        super().__init__(bus, "IWDG", 0x4000_3000, 0x400, ALWAYS_ON)
        self.registers = RegisterFile(
            {self.RLR: 0xFFF, self.WINR: 0xFFF}, {self.PR: 7, self.RLR: 0xFFF, self.WINR: 0xFFF}
        )
        self._unlocked = False
        self._started = False
        self._deadline = Deadline(bus, rcc, self._bite)

    def reset(self) -> None:
        """`Device.reset`; it does not count until it is started again."""
        self._deadline.cancel()
        self.registers.reset()
        self._unlocked = self._started = False

    def load(self, offset: int) -> int:
        """As stored; KR reads as 0."""
        return self.registers[offset]

    def store(self, offset: int, value: int, mask: int) -> None:
        """KR unlocks, starts and feeds it; other registers take a write only when unlocked."""
        if offset == self.KR:
            self._unlocked = value == 0x5555
            if value == 0xCCCC:
                self._started = True
            if value in (0xCCCC, 0xAAAA) and self._started:
                self._deadline.set(self._period)
        elif self._unlocked:
            self.registers.store(offset, value, mask)
            if offset == self.WINR and self.registers[self.WINR] != 0xFFF:
                self.not_modelled("the window (IWDG_WINR)")
        else:
            self.bus.finding(
                "watchdog-locked",
                "a register of IWDG was written without 0x5555 in IWDG_KR before; it is lost.",
            )

    @property
    def _period(self) -> Fraction:
        divider = min(256, 4 << self.registers[self.PR])
        return Fraction((self.registers[self.RLR] + 1) * divider, LSI_HZ)

    def _bite(self) -> None:
        self.bus.request_reset(ResetReason.INDEPENDENT_WATCHDOG)


class Wwdg(Device):
    """The window watchdog, on PCLK1 / 4096."""

    CR, CFR, SR = range(0, 0xC, 4)
    WDGA, EWI, LAST = 1 << 7, 1 << 9, 0x3F

    def __init__(self, bus: Bus, rcc: Rcc) -> None:
        super().__init__(bus, "WWDG", 0x4000_2C00, 0x400, rcc.gates["WWDG"])
        self.registers = RegisterFile(
            {self.CR: 0x7F, self.CFR: 0x7F}, {self.CR: 0xFF, self.CFR: 0x3FF}
        )
        self._rcc = rcc
        self._bite = Deadline(bus, rcc, self._reset_chip)
        self._early = Deadline(bus, rcc, self._warn)

    def reset(self) -> None:
        """`Device.reset`; it does not count until WDGA is set again."""
        self._bite.cancel()
        self._early.cancel()
        self.registers.reset()
        self.bus.set_irq(WWDG_IRQ, False)

    def load(self, offset: int) -> int:
        """CR is the down-counter as of this cycle."""
        if offset == self.CR and self._active:
            return self.WDGA | self._counter
        return self.registers[offset]

    def store(self, offset: int, value: int, mask: int) -> None:
        """A write to CR feeds it, too early or with T6 clear it resets the chip; EWI only sets."""
        if offset == self.CR:
            self._feed(value & 0x7F, start=bool(value & self.WDGA))
        elif offset == self.SR:
            if not value & 1:
                self.registers[self.SR] = 0
        else:
            # EWI can only be set.
            kept = self.registers[self.CFR] & self.EWI
            self.registers.store(offset, value, mask)
            self.registers[self.CFR] |= kept
        self._update_irq()

    @property
    def _active(self) -> bool:
        return bool(self.registers[self.CR] & self.WDGA)

    @property
    def _tick(self) -> Fraction:
        return Fraction(4096 << bits(self.registers[self.CFR], 7, 2)) / self._rcc.tree.pclk1_hz

    @property
    def _counter(self) -> int:
        return self.LAST - int(-self._bite.seconds_left / self._tick // 1)

    def _feed(self, counter: int, *, start: bool) -> None:
        too_early = self._active and self._counter > bits(self.registers[self.CFR], 0, 7)
        self.registers[self.CR] = counter | (self.WDGA if start or self._active else 0)
        if not self._active:
            return
        if too_early or counter <= self.LAST:
            self._reset_chip()
            return
        self._bite.set((counter - self.LAST) * self._tick)
        self._early.set((counter - self.LAST - 1) * self._tick)

    def _warn(self) -> None:
        self.registers[self.SR] = 1
        self._update_irq()

    def _update_irq(self) -> None:
        raised = bool(self.registers[self.SR] and self.registers[self.CFR] & self.EWI)
        self.bus.set_irq(WWDG_IRQ, raised)

    def _reset_chip(self) -> None:
        self.bus.request_reset(ResetReason.WINDOW_WATCHDOG)
