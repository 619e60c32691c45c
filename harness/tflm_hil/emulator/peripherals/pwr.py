"""PWR: voltage scaling, over-drive and the lock of the backup domain (RM0385, chapter 4)."""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.emulator.bus import Bus, Event
from tflm_hil.emulator.peripherals.registers import Device, Gate, RegisterFile, bits

CR1, CSR1, CR2, CSR2 = 0x00, 0x04, 0x08, 0x0C
DBP = 1 << 8
ODEN = 1 << 16
ODSWEN = 1 << 17
ODRDY = 1 << 16
ODSWRDY = 1 << 17
VOSRDY = 1 << 14

READY_SECONDS = 45e-6
"""Over-drive ready and switching ready (DS10916: typical 45 µs at these conditions)."""


class Pwr(Device):
    """What it may do depends on the clocks, and what they may do on it: see `connect`."""

    def __init__(self, bus: Bus, gate: Gate) -> None:
        super().__init__(bus, "PWR", 0x4000_7000, 0x400, gate)
        self.registers = RegisterFile(
            {CR1: 0x0000_C000}, {CR1: 0x000F_EFF3, CSR1: 0x200, CR2: 0x3F3F, CSR2: 0x3F00}
        )
        self._pll_on = False
        self._hclk_hz = 16_000_000
        self._changed: Callable[[], None] = lambda: None
        self._pending: list[Event] = []

    def connect(self, changed: Callable[[], None]) -> None:
        """RCC wants to hear of changes of over-drive or of the voltage scale."""
        self._changed = changed

    def clocks_changed(self, *, hclk_hz: int, pll_on: bool) -> None:
        """RCC says how fast the core runs, and whether the main PLL is switched on."""
        self._hclk_hz, self._pll_on = hclk_hz, pll_on

    def reset(self) -> None:
        """`Device.reset`; an over-drive that was being switched on is given up."""
        for event in self._pending:
            event.cancel()
        self._pending.clear()
        self.registers.reset()

    @property
    def voltage_scale(self) -> int:
        """1 (fastest) to 3; the field's reserved value 0 counts as the slowest."""
        return 4 - max(1, bits(self.registers[CR1], 14, 2))

    @property
    def over_drive(self) -> bool:
        """The regulator has been switched to over-drive."""
        return bool(self.registers[CSR1] & ODSWRDY)

    @property
    def backup_unlocked(self) -> bool:
        """RCC_BDCR may be written."""
        return bool(self.registers[CR1] & DBP)

    def load(self, offset: int) -> int:
        """VOSRDY in CSR1 follows the main PLL; the other registers are as stored."""
        value = self.registers[offset]
        if offset == CSR1 and self._pll_on:
            value |= VOSRDY
        return value

    def store(self, offset: int, value: int, mask: int) -> None:
        """A change of CR1 switches over-drive or the voltage scale, and RCC hears of it."""
        before = self.registers[offset]
        self.registers.store(offset, value, mask)
        if offset == CR1:
            self._control_changed(before, self.registers[CR1])

    def _control_changed(self, before: int, now: int) -> None:
        if self._pll_on and (before ^ now) >> 14 & 3:
            self.bus.finding(
                "voltage-scale",
                "PWR_CR1.VOS was changed while the PLL is on; the chip ignores it. Set it before "
                "RCC_CR.PLLON.",
            )
            now = now & ~0xC000 | before & 0xC000
            self.registers[CR1] = now
        began = now & ~before
        if began & ODEN:
            self._ready_later(CR1, ODEN, ODRDY)
        if began & ODSWEN:
            if self.registers[CSR1] & ODRDY:
                self._ready_later(CR1, ODSWEN, ODSWRDY)
            else:
                self.bus.finding(
                    "over-drive",
                    "PWR_CR1.ODSWEN was set before PWR_CSR1.ODRDY came; wait for it.",
                )
        ended = before & ~now
        if ended & ODEN:
            self.registers[CSR1] &= ~(ODRDY | ODSWRDY)
        if ended & ODSWEN:
            self.registers[CSR1] &= ~ODSWRDY
        self._changed()

    def _ready_later(self, register: int, enable: int, ready: int) -> None:
        def become_ready() -> None:
            if self.registers[register] & enable:
                self.registers[CSR1] |= ready

        wait = round(READY_SECONDS * self._hclk_hz)
        self._pending.append(self.bus.schedule(self.bus.cycles + wait, become_ready))
