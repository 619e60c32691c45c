"""SYSCFG: registers that are stored and have no effect here (RM0385, chapter 7)."""

from __future__ import annotations

from tflm_hil.emulator.bus import Bus
from tflm_hil.emulator.peripherals.registers import Device, Gate, RegisterFile

MEMRMP, PMC, EXTICR1, EXTICR2, EXTICR3, EXTICR4 = range(0, 0x18, 4)
CMPCR = 0x20


class Syscfg(Device):
    """Memory remapping, EXTI sources and the compensation cell."""

    def __init__(self, bus: Bus, gate: Gate) -> None:
        super().__init__(bus, "SYSCFG", 0x4001_3800, 0x400, gate)
        exti = dict.fromkeys((EXTICR1, EXTICR2, EXTICR3, EXTICR4), 0xFFFF)
        self.registers = RegisterFile({}, {MEMRMP: 0xD00, PMC: 0x0080_0070, CMPCR: 1, **exti})

    def reset(self) -> None:
        """`Device.reset`: port A on all EXTI lines."""
        self.registers.reset()

    def load(self, offset: int) -> int:
        """As written; CMPCR reports the compensation cell ready as soon as it is powered."""
        value = self.registers[offset]
        # The compensation cell is ready as soon as it is powered.
        return value | 1 << 8 if offset == CMPCR and value & 1 else value

    def store(self, offset: int, value: int, mask: int) -> None:
        """The writable bits are kept; nothing else depends on them here."""
        self.registers.store(offset, value, mask)
