"""What all register blocks share: the clock gate in front of them and partial-word accesses.

A `Device` sees whole 32-bit words. A byte or halfword store arrives as a word in which only the
lanes of `mask` were written: plain registers merge them, write-one-to-clear registers simply
see zeros elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from tflm_hil.emulator.bus import Bus

WORD = 0xFFFFFFFF
_WIDTH_MASK = {1: 0xFF, 2: 0xFFFF, 4: WORD}


class Gate:
    """A peripheral's bits in RCC: its clock enable, and the reset that holds it.

    `enable` names the enable bit for findings ("RCC_APB1ENR.USART3EN"); RCC drives the rest.
    """

    def __init__(self, enable: str, *, on: bool = False) -> None:
        self.enable = enable
        self.on = on
        self.held = False


ALWAYS_ON = Gate("always on", on=True)


class Device:
    """A register block behind its clock gate; subclasses implement `load` and `store`."""

    def __init__(self, bus: Bus, name: str, base: int, length: int, gate: Gate = ALWAYS_ON) -> None:
        self.bus = bus
        self.name = name
        self.base = base
        self.length = length
        self.gate = gate

    def reset(self) -> None:
        """Registers to their reset values; by the system or by the block's bit in RCC_xxxRSTR."""
        raise NotImplementedError

    def load(self, offset: int) -> int:
        """The word at `offset` (a multiple of 4), with the side effects of reading it."""
        raise NotImplementedError

    def store(self, offset: int, value: int, mask: int) -> None:
        """Write the lanes of `mask` of the word at `offset`; `value` is zero outside of them."""
        raise NotImplementedError

    def read(self, offset: int, width: int) -> int:
        """`Peripheral.read`: 0 while the clock is off, as on the chip."""
        if not self.gate.on:
            self._clock_off("read")
            return 0
        return (self.load(offset & ~3) >> 8 * (offset & 3)) & _WIDTH_MASK[width]

    def write(self, offset: int, width: int, value: int) -> None:
        """`Peripheral.write`: lost while the clock is off or the block is held in reset."""
        if not self.gate.on:
            self._clock_off("write")
            return
        if self.gate.held:
            self.bus.finding(
                "held-in-reset",
                f"{self.name} was written while its bit in the RCC reset register is set; "
                "the write is lost. Clear the bit first.",
            )
            return
        shift = 8 * (offset & 3)
        mask = _WIDTH_MASK[width] << shift & WORD
        self.store(offset & ~3, value << shift & mask, mask)

    def not_modelled(self, what: str) -> None:
        """Say that the firmware relies on something that this emulator does not do."""
        self.bus.finding(
            "not-modelled",
            f"{self.name}: {what} is not modelled by this emulator; its results after this "
            "say nothing about the chip.",
        )

    def _clock_off(self, access: str) -> None:
        effect = "reads as 0" if access == "read" else "the write is lost"
        self.bus.finding(
            "clock-off",
            f"{access} of {self.name} while its clock is off: {effect}. Set {self.gate.enable} "
            "first and read it back.",
        )


class RegisterFile:
    """Plain registers: reset values, and which bits software may write."""

    def __init__(self, resets: Mapping[int, int], writable: Mapping[int, int]) -> None:
        self._resets = dict(resets)
        self._writable = dict(writable)
        self.words = dict(resets)

    def reset(self) -> None:
        """All registers back to their reset values."""
        self.words = dict(self._resets)

    def __getitem__(self, offset: int) -> int:
        return self.words.get(offset, 0)

    def __setitem__(self, offset: int, value: int) -> None:
        self.words[offset] = value & WORD

    def merge(self, offset: int, value: int, mask: int) -> int:
        """What the register would hold after this store (read-only bits stay)."""
        lanes = mask & self._writable.get(offset, 0)
        return (self[offset] & ~lanes) | (value & lanes)

    def store(self, offset: int, value: int, mask: int) -> None:
        """Write the writable bits in the lanes of `mask`."""
        if offset in self._writable:
            self.words[offset] = self.merge(offset, value, mask)


def bits(value: int, low: int, count: int) -> int:
    """The bit field of `count` bits at bit `low`."""
    return value >> low & ((1 << count) - 1)
