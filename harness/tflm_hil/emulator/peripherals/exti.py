"""EXTI: lines are set up and never move, because nothing outside of the chip does (chapter 11)."""

from __future__ import annotations

from tflm_hil.emulator.bus import Bus
from tflm_hil.emulator.peripherals.registers import Device, RegisterFile

IMR, EMR, RTSR, FTSR, SWIER, PR = range(0, 0x18, 4)
_LINES = 0x01FF_FFFF


class Exti(Device):
    """Masks and edges; an interrupt by software (SWIER) is not modelled."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, "EXTI", 0x4001_3C00, 0x400)
        self._registers = RegisterFile({}, dict.fromkeys((IMR, EMR, RTSR, FTSR), _LINES))

    def reset(self) -> None:
        """`Device.reset`: all lines masked."""
        self._registers.reset()

    def load(self, offset: int) -> int:
        """As written; PR is always 0, since no line ever fires."""
        return self._registers[offset]

    def store(self, offset: int, value: int, mask: int) -> None:
        """Masks and edges are kept; an interrupt by software is not modelled and says so."""
        if offset == SWIER and value:
            self.not_modelled("an interrupt by software (SWIER)")
        self._registers.store(offset, value, mask)
