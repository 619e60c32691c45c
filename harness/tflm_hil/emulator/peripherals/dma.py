"""DMA1 and DMA2: which stream serves which request, and what a stream must not be set to.

RM0385, chapter 8. Every look at a stream first asks the peripheral behind it to catch up;
`stream.Stream` does the moving, `dma_requests.DmaRequest` knows who serves whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tflm_hil.emulator.bus import Bus
from tflm_hil.emulator.peripherals.dma_requests import DmaRequest
from tflm_hil.emulator.peripherals.registers import Device, Gate, bits
from tflm_hil.emulator.peripherals.stream import (
    CR,
    DBM,
    DMEIE,
    EN,
    FCR,
    HTIE,
    M0AR,
    M1AR,
    MEMORY_TO_MEMORY,
    MINC,
    NDTR,
    PAR,
    PFCTRL,
    PINC,
    TCIE,
    TEIE,
    Stream,
)

_FLAG_SHIFTS = (0, 6, 16, 22)
_FLAG_MASK = 0x3D
REGISTERS_AT, STREAM_SIZE = 0x10, 0x18

IRQS = {
    "DMA1": (11, 12, 13, 14, 15, 16, 17, 47),
    "DMA2": (56, 57, 58, 59, 60, 68, 69, 70),
}

# What the memory port of DMA1 and DMA2 reaches (RM0385, 2.1): DTCM, SRAM1 and SRAM2, flash on
# the AXI bus, external memories. Neither ITCM nor flash on the ITCM bus.
_REACHABLE = ((0x2000_0000, 0x2005_0000), (0x0800_0000, 0x0810_0000), (0x6000_0000, 0xE000_0000))


class Dma(Device):
    """A controller with its eight streams."""

    def __init__(self, bus: Bus, name: str, gate: Gate, requests: Sequence[DmaRequest]) -> None:
        """`requests` are all that any peripheral makes, whichever controller serves them."""
        super().__init__(bus, name, {"DMA1": 0x4002_6000, "DMA2": 0x4002_6400}[name], 0x400, gate)
        self._requests = {request.register: request for request in requests}
        self._served = {
            route.stream << 3 | route.channel: request
            for request in requests
            for route in request.routes
            if route.controller == name
        }
        self.streams = [
            Stream(bus, name, index, gate, partial(self.update_irq, index)) for index in range(8)
        ]

    def reset(self) -> None:
        """Abort all transfers and return every stream to its reset state."""
        for stream in self.streams:
            if stream.active:
                self._serve(stream, None)
            stream.reset()
            self.update_irq(stream.index)

    def _settle(self, stream: Stream) -> None:
        """What is due at this stream has been moved."""
        control = stream.registers[CR]
        if control & EN:
            request = self._served.get(stream.index << 3 | control >> 25 & 7)
            if request is not None:
                request.settle()

    def update_irq(self, index: int) -> None:
        """Drive a stream's interrupt line."""
        self.bus.set_irq(IRQS[self.name][index], self.streams[index].interrupt)

    def load(self, offset: int) -> int:
        """LISR and HISR join the flags of four streams; counters are those of this very cycle."""
        if offset < 8:
            value = 0
            for stream in self.streams[offset : offset + 4]:
                self._settle(stream)
                value |= stream.flags << _FLAG_SHIFTS[stream.index % 4]
            return value
        if offset < REGISTERS_AT:
            return 0
        index, register = divmod(offset - REGISTERS_AT, STREAM_SIZE)
        if index >= len(self.streams):
            return 0
        stream = self.streams[index]
        self._settle(stream)
        return stream.remaining if register == NDTR else stream.registers[register]

    def store(self, offset: int, value: int, mask: int) -> None:
        """LIFCR and HIFCR clear flags by ones; a stream's own registers obey its EN bit."""
        if offset < 8:
            return
        if offset < REGISTERS_AT:
            for stream in self.streams[offset - 8 : offset - 4]:
                self._settle(stream)
                stream.flags &= ~(value >> _FLAG_SHIFTS[stream.index % 4] & _FLAG_MASK)
                self.update_irq(stream.index)
            return
        index, register = divmod(offset - REGISTERS_AT, STREAM_SIZE)
        if index < len(self.streams):
            stream = self.streams[index]
            self._settle(stream)
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
                self._start(stream)
        elif was_active and not value & EN:
            stream.stop()
            self._serve(stream, None)
        elif was_active:
            self._serve(stream, stream)
        self.update_irq(stream.index)

    def _start(self, stream: Stream) -> None:
        request = self._request_behind(stream)
        if request is not None:
            request.settle()  # what came before is not for this stream
        for other in self._served.values():
            other.release(stream)
        stream.start()
        self._serve(stream, stream)

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
        if direction == MEMORY_TO_MEMORY or request is None:
            if stream.registers[PAR] in self._requests:
                self._report_mapping(stream)
            else:
                self.not_modelled(f"stream {stream.index}'s transfer")
            return True
        if stream.registers[PAR] != request.register:
            self._report_mapping(stream)
        elif direction != request.direction:
            self._config(stream, f"its direction does not fit {request.name}")
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

    def _report_mapping(self, stream: Stream) -> None:
        channel, register = bits(stream.control, 25, 3), stream.registers[PAR]
        request, wanted = self._request(stream), self._requests.get(register)
        served = request.name if request else "nothing that is modelled"
        aim = wanted.name if wanted else f"the register at {register:#010x}"
        self.bus.finding(
            "dma-mapping",
            f"{stream.name} channel {channel} serves {served}, but it is set up for {aim}; no "
            "byte moves. See RM0385, 8.3.3, for the request mapping.",
        )

    def _config(self, stream: Stream, what: str) -> None:
        self.bus.finding("dma-config", f"{stream.name}: {what}.")

    def _request(self, stream: Stream) -> DmaRequest | None:
        """The request that the stream's channel selects."""
        return self._served.get(stream.index << 3 | stream.control >> 25 & 7)

    def _request_behind(self, stream: Stream) -> DmaRequest | None:
        """That request, if the stream moves its data register."""
        request = self._request(stream)
        if request is None or stream.registers[PAR] != request.register:
            return None
        return request

    def _serve(self, stream: Stream, serving: Stream | None) -> None:
        request = self._request_behind(stream)
        if request is not None:
            request.serve(serving)
