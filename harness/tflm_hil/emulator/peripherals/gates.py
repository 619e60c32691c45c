"""Where each peripheral's clock enable stands in RCC (RM0385, 5.3.10 to 5.3.14).

The reset bit of a block has the same position in the register 0x20 below.
"""

from __future__ import annotations

from tflm_hil.emulator.peripherals.registers import Gate
from tflm_hil.emulator.peripherals.usart_table import USARTS


def _usarts(apb: int) -> dict[int, str]:
    return {row.enable_bit: row.name for row in USARTS.values() if row.apb == apb}


_TABLE: dict[str, tuple[int, dict[int, str]]] = {
    "AHB1ENR": (
        0x30,
        {
            **{bit: f"GPIO{port}" for bit, port in enumerate("ABCDEFGHIJK")},
            **{12: "CRC", 18: "BKPSRAM", 20: "DTCMRAM", 21: "DMA1", 22: "DMA2", 23: "DMA2D"},
            **{25: "ETHMAC", 29: "OTGHS"},
        },
    ),
    "AHB2ENR": (0x34, {0: "DCMI", 6: "RNG", 7: "OTGFS"}),
    "AHB3ENR": (0x38, {0: "FMC", 1: "QSPI"}),
    "APB1ENR": (
        0x40,
        {
            **{0: "TIM2", 1: "TIM3", 2: "TIM4", 3: "TIM5", 4: "TIM6", 5: "TIM7", 6: "TIM12"},
            **{7: "TIM13", 8: "TIM14", 9: "LPTIM1", 11: "WWDG", 14: "SPI2", 15: "SPI3"},
            16: "SPDIFRX",
            **{21: "I2C1", 22: "I2C2", 23: "I2C3", 24: "I2C4", 25: "CAN1", 26: "CAN2"},
            **{27: "CEC", 28: "PWR", 29: "DAC"},
            **_usarts(1),
        },
    ),
    "APB2ENR": (
        0x44,
        {
            **{0: "TIM1", 1: "TIM8", 8: "ADC1", 9: "ADC2"},
            **{10: "ADC3", 11: "SDMMC1", 12: "SPI1", 13: "SPI4", 14: "SYSCFG", 16: "TIM9"},
            **{17: "TIM10", 18: "TIM11", 20: "SPI5", 21: "SPI6", 22: "SAI1", 23: "SAI2"},
            26: "LTDC",
            **_usarts(2),
        },
    ),
}

ENABLE_TO_RESET = 0x20
"""Distance from an enable register down to the reset register of the same bus."""


class Gates:
    """One `Gate` per peripheral, moved by the enable and reset registers."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self._bits: dict[int, list[tuple[int, Gate]]] = {}
        for register, (offset, names) in _TABLE.items():
            for bit, name in names.items():
                gate = Gate(f"RCC_{register}.{name}EN")
                self._gates[name] = gate
                self._bits.setdefault(offset, []).append((bit, gate))

    def __getitem__(self, name: str) -> Gate:
        return self._gates[name]

    @property
    def enable_registers(self) -> tuple[int, ...]:
        """Offsets of the enable registers in RCC."""
        return tuple(self._bits)

    def enabled(self, offset: int, value: int) -> None:
        """An enable register holds `value` now."""
        for bit, gate in self._bits[offset]:
            gate.on = bool(value >> bit & 1)

    def resets(self, offset: int, value: int) -> list[Gate]:
        """A reset register holds `value` now; returns the gates whose reset just began."""
        begun = []
        for bit, gate in self._bits[offset + ENABLE_TO_RESET]:
            held = bool(value >> bit & 1)
            if held and not gate.held:
                begun.append(gate)
            gate.held = held
        return begun
