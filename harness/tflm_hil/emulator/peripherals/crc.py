"""The CRC calculation unit (RM0385, chapter 12): polynomials of 7, 8, 16 and 32 bits.

Vendor libraries use it to check that they run on the vendor's chip.
"""

from __future__ import annotations

from tflm_hil.emulator.bus import Bus
from tflm_hil.emulator.peripherals.registers import WORD, Device, Gate, RegisterFile, bits

DR, IDR, CR, INIT, POL = 0x00, 0x04, 0x08, 0x10, 0x14
RESET, REV_OUT = 1, 1 << 7
_POLYNOMIAL_BITS = (32, 16, 8, 7)


class Crc(Device):
    """Stores to DR are fed by their own width: 8, 16 or 32 bits."""

    def __init__(self, bus: Bus, gate: Gate) -> None:
        super().__init__(bus, "CRC", 0x4002_3000, 0x400, gate)
        self._registers = RegisterFile(
            {INIT: WORD, POL: 0x04C1_1DB7}, {IDR: 0xFF, CR: 0xF8, INIT: WORD, POL: WORD}
        )
        self._remainder = WORD

    def reset(self) -> None:
        """`Device.reset`; the remainder starts with all bits set."""
        self._registers.reset()
        self._remainder = WORD

    @property
    def _size(self) -> int:
        return _POLYNOMIAL_BITS[bits(self._registers[CR], 3, 2)]

    def load(self, offset: int) -> int:
        """DR is the remainder, with REV_OUT its bits reversed; all others read as written."""
        if offset != DR:
            return self._registers[offset]
        if self._registers[CR] & REV_OUT:
            return _reversed(self._remainder, self._size)
        return self._remainder

    def store(self, offset: int, value: int, mask: int) -> None:
        """A store to DR feeds it; one to INIT, or of RESET to CR, starts anew from INIT."""
        if offset == DR:
            width = mask.bit_count()
            self._feed(value >> (mask & -mask).bit_length() - 1, width)
            return
        self._registers.store(offset, value, mask)
        if offset == INIT or (offset == CR and value & RESET):
            self._remainder = self._registers[INIT] & (1 << self._size) - 1

    def _feed(self, data: int, width: int) -> None:
        group = min(width, (0, 8, 16, 32)[bits(self._registers[CR], 5, 2)])
        if group:
            parts = [data >> low & (1 << group) - 1 for low in range(0, width, group)]
            data = sum(_reversed(part, group) << index * group for index, part in enumerate(parts))
        size = self._size
        polynomial = self._registers[POL] & (1 << size) - 1
        remainder = self._remainder
        for bit in range(width - 1, -1, -1):
            carry = remainder >> size - 1 ^ data >> bit & 1
            remainder = remainder << 1 & (1 << size) - 1
            if carry & 1:
                remainder ^= polynomial
        self._remainder = remainder


def _reversed(value: int, width: int) -> int:
    return int(f"{value:0{width}b}"[::-1], 2)
