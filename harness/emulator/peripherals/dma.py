"""DMA1 and DMA2: streams between a peripheral's data register and memory (RM0385, chapter 8).

A stream holds no clock of its own: the peripheral behind it knows when bytes are due, and moves
all that are due in one go through `Stream.accept` (receive) and `Stream.supply` (transmit).
Every look at a DMA register first asks the peripherals to catch up.
"""

from __future__ import annotations

from typing import Protocol

from harness.emulator.bus import Bus, BusError
from harness.emulator.peripherals.registers import Device, Gate, bits

EN, DMEIE, TEIE, HTIE, TCIE = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 4
PFCTRL, CIRC, PINC, MINC, DBM = 1 << 5, 1 << 8, 1 << 9, 1 << 10, 1 << 18
TO_MEMORY, FROM_MEMORY, MEMORY_TO_MEMORY = range(3)
DMDIS = 1 << 2
TEIF, HTIF, TCIF = 1 << 3, 1 << 4, 1 << 5
_FLAG_SHIFTS = (0, 6, 16, 22)
_FLAG_MASK = 0x3D
_ENABLED_FLAGS = ((TCIE, TCIF), (HTIE, HTIF), (TEIE, TEIF))
_FCR_RESET = 0x21

REGISTERS_AT, STREAM_SIZE = 0x10, 0x18
CR, NDTR, PAR, M0AR, M1AR, FCR = range(0, 0x18, 4)

IRQS = {
    "DMA1": (11, 12, 13, 14, 15, 16, 17, 47),
    "DMA2": (56, 57, 58, 59, 60, 68, 69, 70),
}

# RM0385 tables 25 and 26: (stream, channel) of each USART request.
REQUESTS: dict[str, dict[tuple[int, int], str]] = {
    "DMA1": {
        **{(0, 4): "UART5_RX", (0, 5): "UART8_TX", (1, 4): "USART3_RX", (1, 5): "UART7_TX"},
        **{(2, 4): "UART4_RX", (3, 4): "USART3_TX", (3, 5): "UART7_RX", (4, 4): "UART4_TX"},
        **{(4, 7): "USART3_TX", (5, 4): "USART2_RX", (6, 4): "USART2_TX", (6, 5): "UART8_RX"},
        (7, 4): "UART5_TX",
    },
    "DMA2": {
        **{(2, 4): "USART1_RX", (5, 4): "USART1_RX", (7, 4): "USART1_TX"},
        **{(1, 5): "USART6_RX", (2, 5): "USART6_RX", (6, 5): "USART6_TX", (7, 5): "USART6_TX"},
    },
}

# What the memory port of DMA1 and DMA2 reaches (RM0385, 2.1): DTCM, SRAM1 and SRAM2, flash on
# the AXI bus, external memories. Neither ITCM nor flash on the ITCM bus.
_REACHABLE = ((0x2000_0000, 0x2005_0000), (0x0800_0000, 0x0810_0000), (0x6000_0000, 0xE000_0000))

_DTCM = range(0x2000_0000, 0x2001_0000)


class Requester(Protocol):
    """A peripheral with DMA requests, named as in the manual ("USART3_RX")."""

    data_registers: dict[str, int]
    """Address of the data register that belongs to each request."""

    def settle(self) -> None:
        """Move everything that is due by now."""

    def stream_changed(self, request: str, stream: Stream | None) -> None:
        """A stream serves `request` from now on, or none does."""


class Stream:
    """One of eight streams; the peripheral behind it moves the bytes."""

    def __init__(self, controller: Dma, index: int) -> None:
        self._dma = controller
        self._bus = controller.bus
        self.index = index
        self.name = f"{controller.name} stream {index}"
        self.reset()

    def reset(self) -> None:
        """Registers to their reset values; whoever served it must be told before."""
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
        return bool(self.registers[CR] & EN) and self._dma.gate.on

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
        self._dma.update_irq(self)

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
        self._dma.update_irq(self)

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
        self._dma.update_irq(self)


class Dma(Device):
    """A controller with its eight streams."""

    def __init__(self, bus: Bus, name: str, gate: Gate) -> None:
        super().__init__(bus, name, {"DMA1": 0x4002_6000, "DMA2": 0x4002_6400}[name], 0x400, gate)
        self._requests = REQUESTS[name]
        self._requesters: dict[str, Requester] = {}
        self.streams = [Stream(self, index) for index in range(8)]

    def connect(self, requester: Requester) -> None:
        """Wire a peripheral's requests to the streams that can serve them."""
        for request in requester.data_registers:
            self._requesters[request] = requester

    def reset(self) -> None:
        for stream in self.streams:
            if stream.active:
                self._tell(stream, None)
            stream.reset()
            self.update_irq(stream)

    def settle(self) -> None:
        """Everything that is due has been moved."""
        for stream in self.streams:
            if stream.active:
                request = self._request(stream)
                if request in self._requesters:
                    self._requesters[request].settle()

    def update_irq(self, stream: Stream) -> None:
        """Drive the stream's interrupt line."""
        self.bus.set_irq(IRQS[self.name][stream.index], stream.interrupt)

    def load(self, offset: int) -> int:
        self.settle()
        if offset < 8:
            value = 0
            for stream in self.streams[offset : offset + 4]:
                value |= stream.flags << _FLAG_SHIFTS[stream.index % 4]
            return value
        if offset < REGISTERS_AT:
            return 0
        index, register = divmod(offset - REGISTERS_AT, STREAM_SIZE)
        if index >= len(self.streams):
            return 0
        stream = self.streams[index]
        return stream.remaining if register == NDTR else stream.registers[register]

    def store(self, offset: int, value: int, mask: int) -> None:
        self.settle()
        if offset < 8:
            return
        if offset < REGISTERS_AT:
            for stream in self.streams[offset - 8 : offset - 4]:
                stream.flags &= ~(value >> _FLAG_SHIFTS[stream.index % 4] & _FLAG_MASK)
                self.update_irq(stream)
            return
        index, register = divmod(offset - REGISTERS_AT, STREAM_SIZE)
        if index < len(self.streams):
            stream = self.streams[index]
            # On this bus a byte or halfword store clears the other lanes' bits: merge instead.
            merged = stream.registers[register] & ~mask | value
            self._store_stream(stream, register, merged)

    def _store_stream(self, stream: Stream, register: int, value: int) -> None:
        old = stream.registers[register]
        if register == CR:
            self._store_control(stream, value & 0x0FEF_FFFF)
        elif stream.active and value != old and register != M1AR:
            # The memory address may change while the other buffer is in use (DBM only).
            self._report_protected(stream)
        elif register == NDTR:
            stream.registers[NDTR] = stream.remaining = value & 0xFFFF
        elif register == FCR:
            stream.registers[FCR] = value & 0x87 | 4 << 3
        else:
            stream.registers[register] = value

    def _store_control(self, stream: Stream, value: int) -> None:
        interrupts = TCIE | HTIE | TEIE | DMEIE
        was_active = stream.active
        if was_active and (value ^ stream.control) & ~(interrupts | EN):
            self._report_protected(stream)
            value = stream.control & ~(interrupts | EN) | value & (interrupts | EN)
        stream.registers[CR] = value & ~EN | stream.control & EN
        if value & EN and not was_active:
            if self._may_start(stream):
                stream.start()
                self._tell(stream, stream)
        elif was_active and not value & EN:
            stream.stop()
            self._tell(stream, None)
        elif was_active:
            self._tell(stream, stream)
        self.update_irq(stream)

    def _may_start(self, stream: Stream) -> bool:
        """Judge the configuration; False if the chip would not start."""
        if stream.flags:
            self.bus.finding(
                "dma-flags",
                f"{stream.name} was enabled while flags of its last transfer are set; it does not "
                "start. Clear them in the IFCR register first.",
            )
            return False
        control = stream.control
        request = self._request(stream)
        direction = bits(control, 6, 2)
        if direction == MEMORY_TO_MEMORY or request not in self._requesters:
            wanted = self._request_of(stream.registers[PAR])
            if wanted is None:
                self.not_modelled(f"stream {stream.index}'s transfer")
            else:
                self._report_mapping(stream, wanted)
            return True
        wanted_register = self._requesters[request].data_registers[request]
        if stream.registers[PAR] != wanted_register:
            self._report_mapping(stream, self._request_of(stream.registers[PAR]))
        elif direction != (TO_MEMORY if request.endswith("RX") else FROM_MEMORY):
            self._config(stream, f"its direction does not fit {request}")
        if control & PINC:
            self._config(stream, "it increments the address of a data register (PINC)")
        if control & (DBM | PFCTRL) or bits(control, 11, 4):
            self.not_modelled(
                f"stream {stream.index} with double buffer, peripheral flow control or items "
                "other than bytes"
            )
        return self._judge_memory(stream)

    def _judge_memory(self, stream: Stream) -> bool:
        address = stream.registers[M0AR]
        length = stream.length if stream.control & MINC else 1
        if not any(low <= address and address + length <= high for low, high in _REACHABLE):
            stream.fail()
            return False
        if 0x2000_0000 <= address < 0x2005_0000 and any(
            self.bus.cacheable(place) for place in (address, address + max(length, 1) - 1)
        ):
            self.bus.finding(
                "dma-cacheable",
                f"{stream.name} uses {address:#010x}, which the D-cache holds: what DMA and the "
                "core see differs. Use DTCM or memory that the MPU makes non-cacheable.",
            )
        return True

    def _report_protected(self, stream: Stream) -> None:
        self._config(stream, "it was written while enabled; the chip ignores that. Clear EN first")

    def _report_mapping(self, stream: Stream, wanted: str | None) -> None:
        channel = bits(stream.control, 25, 3)
        served = self._request(stream) or "nothing that is modelled"
        aim = wanted or f"the register at {stream.registers[PAR]:#010x}"
        self.bus.finding(
            "dma-mapping",
            f"{stream.name} channel {channel} serves {served}, but it is set up for {aim}; no "
            "byte moves. See RM0385, tables 25 and 26.",
        )

    def _config(self, stream: Stream, what: str) -> None:
        self.bus.finding("dma-config", f"{stream.name}: {what}.")

    def _request(self, stream: Stream) -> str:
        return self._requests.get((stream.index, bits(stream.control, 25, 3)), "")

    def _request_of(self, address: int) -> str | None:
        """The request whose data register is at `address`."""
        for request, requester in self._requesters.items():
            if requester.data_registers[request] == address:
                return request
        return None

    def _tell(self, stream: Stream, serving: Stream | None) -> None:
        request = self._request(stream)
        if request in self._requesters:
            requester = self._requesters[request]
            if stream.registers[PAR] == requester.data_registers[request]:
                requester.stream_changed(request, serving)
