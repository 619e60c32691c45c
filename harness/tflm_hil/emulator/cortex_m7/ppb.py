"""The private peripheral bus: who answers at 0xE0000000 to 0xE00FFFFF."""

from __future__ import annotations

from typing import Protocol

from tflm_hil.emulator.bus import BusError
from tflm_hil.emulator.cortex_m7 import rom_tables

PAGES = (*sorted(rom_tables.PAGES), 0xE0042000)
_DBGMCU = 0xE0042000
_DBGMCU_IDCODE = 0x10016449
DBG_SLEEP = 1
# Registers where a byte or halfword may be written without touching its neighbours. Elsewhere the
# other bytes are written as zero, which leaves write-one-to-clear bits alone.
_MERGED = (range(0xE000E400, 0xE000E500), range(0xE000ED08, 0xE000ED28))


class Block(Protocol):
    """Registers on the PPB: words at absolute addresses."""

    def read(self, address: int, debugger: bool) -> int:
        """A word. Some flags clear when the core reads them, others when the debugger does."""

    def write(self, address: int, value: int, debugger: bool) -> None:
        """Store a word; some fields take only the core's writes, others only the debugger's."""


class Dbgmcu:
    """DBGMCU (RM0385, 40.16): device id, and whether clocks run on in low-power modes."""

    def __init__(self) -> None:
        self._words: dict[int, int] = {}

    @property
    def clocks_sleep(self) -> bool:
        """CR.DBG_SLEEP: the core's clock runs on in Sleep."""
        return bool(self._words.get(_DBGMCU + 4, 0) & DBG_SLEEP)

    def read(self, address: int, debugger: bool) -> int:  # noqa: ARG002
        """IDCODE, CR, APB freeze registers."""
        return _DBGMCU_IDCODE if address == _DBGMCU else self._words.get(address, 0)

    def write(self, address: int, value: int, debugger: bool) -> None:  # noqa: ARG002
        """CR, APB freeze registers."""
        if address in range(_DBGMCU + 4, _DBGMCU + 16):
            self._words[address] = value


class Ppb:
    """Finds the block of an address and cuts words into bytes and halfwords."""

    def __init__(self) -> None:
        self._blocks: list[tuple[range, Block]] = []

    def attach(self, first: int, last: int, block: Block) -> None:
        """Let `block` answer from `first` to the word at `last`. Earlier ones win."""
        self._blocks.append((range(first, last + 4), block))

    def _find(self, address: int) -> Block | None:
        for addresses, block in self._blocks:
            if address in addresses:
                return block
        return None

    def read(self, address: int, width: int, *, debugger: bool) -> int:
        """Read 1, 2 or 4 bytes. Reserved words of a known page read 0; else BusError."""
        word_address = address & ~3
        identification = rom_tables.PAGES.get(address & ~0xFFF)
        if identification is not None and word_address & 0xFFF in identification:
            word = identification[word_address & 0xFFF]
        elif (block := self._find(word_address)) is not None:
            word = block.read(word_address, debugger) & 0xFFFFFFFF
        elif address & ~0xFFF in PAGES:
            word = 0
        else:
            raise BusError(address)
        return word >> (8 * (address & 3)) & ((1 << 8 * width) - 1)

    def write(self, address: int, width: int, value: int, *, debugger: bool) -> None:
        """Write 1, 2 or 4 bytes. Reserved words of a known page ignore it; else BusError."""
        word_address = address & ~3
        block = self._find(word_address)
        if block is None:
            if address & ~0xFFF not in PAGES:
                raise BusError(address)
            return
        if width != 4:
            shift = 8 * (address & 3)
            value <<= shift
            if any(word_address in merged for merged in _MERGED):
                mask = ((1 << 8 * width) - 1) << shift
                value |= block.read(word_address, debugger) & ~mask
        block.write(word_address, value & 0xFFFFFFFF, debugger)
