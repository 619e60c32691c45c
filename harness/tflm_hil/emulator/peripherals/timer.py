"""TIM2 to TIM7 as up-counters with compare flags (RM0385, chapters 23 and 25).

Enough for time bases: firmware reads CNT, or waits for an update or compare interrupt. The
counter is computed when somebody looks; an event is scheduled only for an enabled interrupt.
Down-counting, slave modes, input capture and DMA requests are reported as not modelled.
"""

from __future__ import annotations

from fractions import Fraction

from tflm_hil.emulator.bus import Bus, Event
from tflm_hil.emulator.peripherals.pace import UNIT, Pace
from tflm_hil.emulator.peripherals.rcc import Rcc
from tflm_hil.emulator.peripherals.registers import WORD, Device, RegisterFile

CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCMR2, CCER, CNT, PSC, ARR = range(0, 0x30, 4)
CCR1 = 0x34
CEN, UDIS, URS, OPM, DIR_AND_CENTRE, ARPE = 1, 1 << 1, 1 << 2, 1 << 3, 0x70, 1 << 7
UIF = 1

TIMERS: dict[str, tuple[int, int, int, int]] = {
    "TIM2": (0x4000_0000, 28, 32, 4),
    "TIM3": (0x4000_0400, 29, 16, 4),
    "TIM4": (0x4000_0800, 30, 16, 4),
    "TIM5": (0x4000_0C00, 50, 32, 4),
    "TIM6": (0x4000_1000, 54, 16, 0),
    "TIM7": (0x4000_1400, 55, 16, 0),
}
"""Base address, interrupt, counter bits and compare channels of each."""


class Timer(Device):
    """One timer on APB1."""

    def __init__(self, bus: Bus, name: str, rcc: Rcc) -> None:
        base, self._irq, counter_bits, self._channels = TIMERS[name]
        super().__init__(bus, name, base, 0x400, rcc.gates[name])
        self._top = (1 << counter_bits) - 1
        compares = {CCR1 + 4 * channel: self._top for channel in range(self._channels)}
        self.registers = RegisterFile(
            {ARR: self._top},
            {
                **{CR1: 0x3FF, CR2: 0xF8, SMCR: 0x1_FFF7, DIER: 0x5F5F, PSC: 0xFFFF},
                **{CCMR1: 0x0101_FFFF, CCMR2: 0x0101_FFFF, CCER: 0xBBBB, ARR: self._top},
                **compares,
            },
        )
        self._rcc = rcc
        self._event: Event | None = None
        self._flags: int = 0
        self._count: int = 0
        self._clear()
        rcc.listen(self)

    def reset(self) -> None:
        """`Device.reset`; it stops, and its interrupt line falls."""
        self._cancel()
        self.registers.reset()
        self._clear()
        self.bus.set_irq(self._irq, False)

    def before_clock_change(self) -> None:
        """`ClockListener`."""
        self._settle()

    def after_clock_change(self) -> None:
        """`ClockListener`."""
        self._restart()
        self._look()

    def load(self, offset: int) -> int:
        """CNT and SR as of this cycle, the other registers as written."""
        self._settle()
        if offset == CNT:
            return self._count
        return self._flags if offset == SR else self.registers[offset]

    def store(self, offset: int, value: int, mask: int) -> None:
        """SR is cleared by zeros, EGR makes an update; a mode that is not modelled says so."""
        self._settle()
        if offset == SR:
            # Write 0 to clear.
            self._flags &= value | ~mask
        elif offset == EGR:
            self._generate(value)
        elif offset == CNT:
            self._count = (self._count & ~mask | value) & self._top
            self._restart()
        else:
            self.registers.store(offset, value, mask)
            self._refuse(offset)
            if offset == ARR and not self.registers[CR1] & ARPE:
                self._period = self.registers[ARR]
            if offset == CR1:
                self._restart()
        self._look()

    def _clear(self) -> None:
        self._flags = 0
        self._count = 0
        self._prescaler = 0
        self._period = self.registers[ARR]
        self._base = 0
        self._taken = 0
        self._pace = UNIT

    def _refuse(self, offset: int) -> None:
        value = self.registers[offset]
        unknown = {CR1: DIR_AND_CENTRE, SMCR: WORD, DIER: 0x5F40, CCMR1: 0x0303, CCMR2: 0x0303}
        if value & unknown.get(offset, 0):
            self.not_modelled(
                f"register {offset:#x} = {value:#x} (down-counting, slave mode, capture or DMA)"
            )

    def _generate(self, value: int) -> None:
        if value & 1:
            self._count = 0
            self._update(flag=not self.registers[CR1] & URS)
            self._restart()
        for channel in range(self._channels):
            if value >> 1 + channel & 1:
                self._flags |= 2 << channel

    def _update(self, *, flag: bool) -> None:
        """An update event: the preload registers take effect."""
        if self.registers[CR1] & UDIS:
            return
        if flag:
            self._flags |= UIF
        if self._prescaler != self.registers[PSC]:
            self._prescaler = self.registers[PSC]
            self._restart()
        self._period = self.registers[ARR]

    def _restart(self) -> None:
        """Count from now on, at the present frequencies."""
        tree = self._rcc.tree
        self._base = self.bus.cycles
        self._taken = 0
        tick = Fraction(tree.hclk_hz * (self._prescaler + 1)) / tree.timer1_hz
        self._pace = Pace.of(tick)

    @property
    def _counting(self) -> bool:
        # A period of 0 blocks the counter (RM0385, 23.4.12).
        return bool(self.registers[CR1] & CEN) and self.gate.on and self._period > 0

    def _settle(self) -> None:
        """Bring the counter and its flags up to now."""
        if not self._counting:
            return
        ticks = self._pace.completed(self.bus.cycles - self._base) - self._taken
        while ticks > 0:
            lap = (self._period if self._count <= self._period else self._top) + 1
            step = min(ticks, lap - self._count)
            for channel in range(self._channels):
                compare = self.registers[CCR1 + 4 * channel]
                if self._count < compare <= self._count + step or (
                    compare == 0 and self._count + step == lap
                ):
                    self._flags |= 2 << channel
            ticks -= step
            self._taken += step
            self._count += step
            if self._count == lap:
                self._count = 0
                prescaler = self._prescaler
                self._update(flag=True)
                if self.registers[CR1] & OPM:
                    self.registers[CR1] &= ~CEN
                    return
                if self._prescaler != prescaler:
                    return
                if step == lap:
                    # One whole round has set every flag: the others change nothing any more.
                    self._taken += ticks // lap * lap
                    ticks %= lap

    def _look(self) -> None:
        self._settle()
        self.bus.set_irq(self._irq, bool(self._flags & self.registers[DIER] & 0x1F))
        self._plan()

    def _plan(self) -> None:
        self._cancel()
        if not self._counting:
            return
        wanted = self.registers[DIER] & 0x1F & ~self._flags
        lap = (self._period if self._count <= self._period else self._top) + 1
        waits = [lap - self._count] if wanted & UIF else []
        for channel in range(self._channels):
            compare = self.registers[CCR1 + 4 * channel]
            if wanted & 2 << channel and compare < lap:
                waits.append((compare - self._count - 1) % lap + 1)
        if waits:
            at = self._base + self._pace.end(self._taken + min(waits))
            self._event = self.bus.schedule(at, self._wake)

    def _wake(self) -> None:
        self._event = None
        self._look()

    def _cancel(self) -> None:
        if self._event is not None:
            self._event.cancel()
            self._event = None
