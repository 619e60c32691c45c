"""One DMA stream: its registers, its place in memory, its flags (RM0385, 8.3 and 8.5).

A stream has no clock of its own: the peripheral behind it knows when bytes are due, and moves all
that are due in one go through `accept` (receive) and `supply` (transmit).
"""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.emulator.bus import Bus, BusError
from tflm_hil.emulator.peripherals.registers import Gate, bits

EN, DMEIE, TEIE, HTIE, TCIE = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 4
PFCTRL, CIRC, PINC, MINC, DBM = 1 << 5, 1 << 8, 1 << 9, 1 << 10, 1 << 18
TO_MEMORY, FROM_MEMORY, MEMORY_TO_MEMORY = range(3)
DMDIS = 1 << 2
TEIF, HTIF, TCIF = 1 << 3, 1 << 4, 1 << 5
_ENABLED_FLAGS = ((TCIE, TCIF), (HTIE, HTIF), (TEIE, TEIF))
_FCR_RESET = 0x21

CR, NDTR, PAR, M0AR, M1AR, FCR = range(0, 0x18, 4)

_DTCM = range(0x2000_0000, 0x2001_0000)


class Stream:
    """`changed` is called when flags change; `gate` is the controller's clock."""

    def __init__(
        self, bus: Bus, controller: str, index: int, gate: Gate, changed: Callable[[], None]
    ) -> None:
        self._bus = bus
        self.index = index
        self.name = f"{controller} stream {index}"
        self._gate = gate
        self._changed = changed
        self.reset()

    def reset(self) -> None:
        """Registers to their reset values; who was served has to hear of it before."""
        self.registers = {CR: 0, NDTR: 0, PAR: 0, M0AR: 0, M1AR: 0, FCR: _FCR_RESET}
        self.flags = 0
        self.remaining = 0
        self._position = 0
        self._fifo = bytearray()
        self._snapshot = b""

    @property
    def control(self) -> int:
        """The configuration register."""
        return self.registers[CR]

    @property
    def active(self) -> bool:
        """EN is set and the controller is clocked."""
        return bool(self.registers[CR] & EN) and self._gate.on

    @property
    def interrupt(self) -> bool:
        """An enabled flag is set."""
        return any(self.control & enable and self.flags & flag for enable, flag in _ENABLED_FLAGS)

    @property
    def _circular(self) -> bool:
        return bool(self.control & CIRC)

    @property
    def length(self) -> int:
        """Items of one round."""
        return self.registers[NDTR]

    def start(self) -> None:
        """EN was set."""
        self.registers[CR] |= EN
        self.remaining = self.length
        self._position = 0
        self._fifo.clear()
        if bits(self.control, 6, 2) == FROM_MEMORY:
            self._snapshot = self._read(0, self.length)

    def stop(self) -> None:
        """EN was cleared by software: the FIFO is flushed and TCIF set (RM0385, 8.3.14)."""
        self._flush(1)
        self.registers[CR] &= ~EN
        self.flags |= TCIF
        self._changed()

    def items_to_interrupt(self) -> int | None:
        """After how many more items an enabled, not yet set flag comes."""
        nearest: int | None = None
        if self.active and self.length:
            if self.control & TCIE and not self.flags & TCIF:
                nearest = self.remaining
            if self.control & HTIE and not self.flags & HTIF:
                half = self.remaining - self.length // 2
                if half <= 0 and self._circular:
                    half += self.length
                if half > 0:
                    nearest = half if nearest is None else min(half, nearest)
        return nearest

    def accept(self, data: bytes) -> int:
        """Bytes from the peripheral; returns how many the stream took."""
        taken = 0
        while taken < len(data) and self.active and self.length:
            count = min(self.remaining, len(data) - taken)
            self._fifo += data[taken : taken + count]
            self._flush(self._threshold)
            taken += count
            self._advance(count)
        return taken

    def supply(self, count: int) -> bytes:
        """Up to `count` bytes for the peripheral, at most to the end of the round."""
        count = min(count, self.remaining)
        first = self._position
        data = self._read(first, count)
        if count and self._bus.core_sleeping and self.registers[M0AR] in _DTCM:
            self._bus.finding(
                "dma-dtcm-sleep",
                f"{self.name} reads its buffer in DTCM while the core sleeps in WFI or WFE, which "
                "the chip cannot (errata sheet ES0290). Send from SRAM1 or SRAM2, or stay awake.",
            )
        if data != self._snapshot[first : first + count]:
            self._bus.finding(
                "dma-buffer-changed",
                f"the buffer of {self.name} changed while it was being sent; wait for the "
                "stream's transfer complete flag before writing to it.",
            )
        self._position += count
        self._advance(count)
        return data

    @property
    def _threshold(self) -> int:
        """Bytes that the FIFO collects before it writes; 1 in direct mode."""
        fifo = self.registers[FCR]
        return 4 * (bits(fifo, 0, 2) + 1) if fifo & DMDIS else 1

    def _advance(self, count: int) -> None:
        before = self.remaining
        self.remaining -= count
        half = self.length - self.length // 2
        if self.length - before < half <= self.length - self.remaining:
            self.flags |= HTIF
        if not self.remaining:
            self._flush(1)
            self._position = 0
            self.flags |= TCIF
            if self._circular:
                self.remaining = self.length
                if bits(self.control, 6, 2) == FROM_MEMORY:
                    self._snapshot = self._read(0, self.length)
            else:
                self.registers[CR] &= ~EN
        self._changed()

    def _flush(self, threshold: int) -> None:
        """Write the FIFO's whole multiples of `threshold` to memory."""
        count = len(self._fifo) // threshold * threshold
        if not count:
            return
        data = bytes(self._fifo[:count])
        del self._fifo[:count]
        address = self.registers[M0AR]
        try:
            if self.control & MINC:
                self._bus.write_memory(address + self._position, data)
                self._position += count
            else:
                self._bus.write_memory(address, data[-1:])
        except BusError:
            self.fail()

    def _read(self, position: int, count: int) -> bytes:
        address = self.registers[M0AR]
        try:
            if self.control & MINC:
                return self._bus.read_memory(address + position, count)
            return self._bus.read_memory(address, 1) * count
        except BusError:
            self.fail()
            return bytes(count)

    def fail(self) -> None:
        """A transfer error: memory does not answer."""
        self._bus.finding(
            "dma-unreachable",
            f"{self.name}: nothing that DMA reaches answers at {self.registers[M0AR]:#010x}; the "
            "stream stops with a transfer error.",
        )
        self.flags |= TEIF
        self.registers[CR] &= ~EN
        self._changed()
