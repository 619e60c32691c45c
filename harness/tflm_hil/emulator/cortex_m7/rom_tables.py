"""CoreSight identification: the ROM tables and ID registers that a debugger walks.

Values of STM32F74xxx as read from parts and manuals (RM0385 section 40.7, Cortex-M7 TRM 3.2).
Not all of them have been read back from a chip.
"""

from __future__ import annotations

_ARM, _ST = 0x43B, 0x020
_CLASS_ROM_TABLE, _CLASS_DEBUG, _CLASS_GENERIC = 0x1, 0x9, 0xE


def _identification(
    part: int, component_class: int, designer: int = _ARM, extra: dict[int, int] | None = None
) -> dict[int, int]:
    """PIDR0..7 and CIDR0..3 of a component (ADIv5.2, chapter 12)."""
    jep106 = designer & 0x7F
    words = {
        0xFD0: designer >> 8,
        0xFE0: part & 0xFF,
        0xFE4: (jep106 & 0xF) << 4 | part >> 8,
        0xFE8: 0x8 | jep106 >> 4,
        0xFEC: 0,
        0xFF0: 0x0D,
        0xFF4: component_class << 4,
        0xFF8: 0x05,
        0xFFC: 0xB1,
    }
    return words | (extra or {})


def _rom_table(part: int, designer: int, *entries: int) -> dict[int, int]:
    listed = {4 * i: entry for i, entry in enumerate(entries)}
    return _identification(part, _CLASS_ROM_TABLE, designer, listed | {0xFCC: 1})


# Page address → offset → word; whatever is not listed reads as 0.
PAGES: dict[int, dict[int, int]] = {
    0xE0000000: _identification(0x001, _CLASS_GENERIC),  # ITM
    0xE0001000: _identification(0x002, _CLASS_GENERIC),  # DWT
    0xE0002000: _identification(0x00E, _CLASS_GENERIC),  # FPB
    0xE000E000: _identification(0x00C, _CLASS_GENERIC),  # SCS
    0xE0040000: _identification(0x9A9, _CLASS_DEBUG, extra={0xFC8: 0xCA1, 0xFCC: 0x11}),  # TPIU
    0xE0041000: _identification(0x975, _CLASS_DEBUG, extra={0xFBC: 0x47704A13, 0xFCC: 0x13}),
    # Processor ROM table: SCS, DWT, FPB, ITM; then PPB table; then the chip's own table.
    0xE00FF000: _rom_table(0x4C7, _ARM, 0xFFF0F003, 0xFFF02003, 0xFFF03003, 0xFFF01003),
    0xE00FE000: _rom_table(0x4C8, _ARM, 0x00001003, 0xFFF43003),
    0xE00FD000: _rom_table(0x449, _ST, 0x00001003, 0xFFF43003),
}
