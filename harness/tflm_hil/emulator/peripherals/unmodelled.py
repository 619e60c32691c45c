"""Blocks that the chip has and this emulator does not: they answer, and say so.

An access to them must not be a BusFault (it is none on the chip), and must not look as if it had
worked: the first one is a finding.
"""

from __future__ import annotations

from tflm_hil.emulator.bus import Bus
from tflm_hil.emulator.peripherals.gates import Gates
from tflm_hil.emulator.peripherals.registers import ALWAYS_ON, Device

# Name, base, length, and the gate where it is not of the same name (RM0385, table 1).
_BLOCKS: tuple[tuple[str, int, int, str], ...] = (
    ("TIM12", 0x4000_1800, 0x400, "TIM12"),
    ("TIM13", 0x4000_1C00, 0x400, "TIM13"),
    ("TIM14", 0x4000_2000, 0x400, "TIM14"),
    ("LPTIM1", 0x4000_2400, 0x400, "LPTIM1"),
    ("RTC", 0x4000_2800, 0x400, ""),
    ("SPI2", 0x4000_3800, 0x400, "SPI2"),
    ("SPI3", 0x4000_3C00, 0x400, "SPI3"),
    ("SPDIFRX", 0x4000_4000, 0x400, "SPDIFRX"),
    ("I2C1", 0x4000_5400, 0x400, "I2C1"),
    ("I2C2", 0x4000_5800, 0x400, "I2C2"),
    ("I2C3", 0x4000_5C00, 0x400, "I2C3"),
    ("I2C4", 0x4000_6000, 0x400, "I2C4"),
    ("CAN1", 0x4000_6400, 0x400, "CAN1"),
    ("CAN2", 0x4000_6800, 0x400, "CAN2"),
    ("CEC", 0x4000_6C00, 0x400, "CEC"),
    ("DAC", 0x4000_7400, 0x400, "DAC"),
    ("TIM1", 0x4001_0000, 0x400, "TIM1"),
    ("TIM8", 0x4001_0400, 0x400, "TIM8"),
    ("ADC", 0x4001_2000, 0x400, "ADC1"),
    ("SDMMC1", 0x4001_2C00, 0x400, "SDMMC1"),
    ("SPI1", 0x4001_3000, 0x400, "SPI1"),
    ("SPI4", 0x4001_3400, 0x400, "SPI4"),
    ("TIM9", 0x4001_4000, 0x400, "TIM9"),
    ("TIM10", 0x4001_4400, 0x400, "TIM10"),
    ("TIM11", 0x4001_4800, 0x400, "TIM11"),
    ("SPI5", 0x4001_5000, 0x400, "SPI5"),
    ("SPI6", 0x4001_5400, 0x400, "SPI6"),
    ("SAI1", 0x4001_5800, 0x400, "SAI1"),
    ("SAI2", 0x4001_5C00, 0x400, "SAI2"),
    ("LTDC", 0x4001_6800, 0x400, "LTDC"),
    ("BKPSRAM", 0x4002_4000, 0x1000, "BKPSRAM"),
    ("ETHERNET", 0x4002_8000, 0x1400, "ETHMAC"),
    ("DMA2D", 0x4002_B000, 0xC00, "DMA2D"),
    ("OTG_HS", 0x4004_0000, 0x4_0000, "OTGHS"),
    ("OTG_FS", 0x5000_0000, 0x4_0000, "OTGFS"),
    ("DCMI", 0x5005_0000, 0x400, "DCMI"),
    ("RNG", 0x5006_0800, 0x400, "RNG"),
)


class Unmodelled(Device):
    """Stores what is written; reads it back."""

    def __init__(
        self, bus: Bus, name: str, base: int, length: int, gates: Gates, gate: str
    ) -> None:
        super().__init__(bus, name, base, length, gates[gate] if gate else ALWAYS_ON)
        self._words: dict[int, int] = {}

    def reset(self) -> None:
        """Forget what was written."""
        self._words.clear()

    def load(self, offset: int) -> int:
        """What was written last, and a finding that the block is not modelled."""
        self.not_modelled("the peripheral")
        return self._words.get(offset, 0)

    def store(self, offset: int, value: int, mask: int) -> None:
        """Keep it, with a finding that the block is not modelled."""
        self.not_modelled("the peripheral")
        self._words[offset] = self._words.get(offset, 0) & ~mask | value


def unmodelled(bus: Bus, gates: Gates) -> list[Device]:
    """One stand-in for each block."""
    return [
        Unmodelled(bus, name, base, length, gates, gate) for name, base, length, gate in _BLOCKS
    ]
