"""DMA1 and DMA2: which stream serves which request, and what a stream must not be set to.

RM0385, chapter 8. Every look at a register first asks the peripherals behind the enabled streams
to catch up; `stream.Stream` does the moving.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

from tflm_hil.emulator.bus import Bus
from tflm_hil.emulator.peripherals.registers import Device, Gate, bits
from tflm_hil.emulator.peripherals.stream import (
    CR,
    DBM,
    DMEIE,
    EN,
    FCR,
    FROM_MEMORY,
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
    TO_MEMORY,
    Stream,
)

_FLAG_SHIFTS = (0, 6, 16, 22)
_FLAG_MASK = 0x3D
REGISTERS_AT, STREAM_SIZE = 0x10, 0x18

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


class Requester(Protocol):
    """A peripheral with DMA requests, named as in the manual ("USART3_RX")."""

    data_registers: dict[str, int]
    """Address of the data register that belongs to each request."""

    def settle(self) -> None:
        """Move everything that is due by now."""

    def stream_changed(self, request: str, stream: Stream | None) -> None:
        """A stream serves `request` from now on, or none does."""


class Dma(Device):
    """A controller with its eight streams."""

    def __init__(self, bus: Bus, name: str, gate: Gate) -> None:
        super().__init__(bus, name, {"DMA1": 0x4002_6000, "DMA2": 0x4002_6400}[name], 0x400, gate)
        self._requests = REQUESTS[name]
        self._requesters: dict[str, Requester] = {}
        self._serving: list[Requester] = []
        self.streams = [
            Stream(bus, name, index, gate, partial(self.update_irq, index)) for index in range(8)
        ]

    def connect(self, requester: Requester) -> None:
        """Wire a peripheral's requests to the streams that can serve them."""
        for request in requester.data_registers:
            self._requesters[request] = requester

    def reset(self) -> None:
        for stream in self.streams:
            if stream.active:
                self._tell(stream, None)
            stream.reset()
            self.update_irq(stream.index)
        self._serving.clear()

    def settle(self) -> None:
        """Everything that is due has been moved."""
        for requester in self._serving:
            requester.settle()

    def update_irq(self, index: int) -> None:
        """Drive a stream's interrupt line."""
        self.bus.set_irq(IRQS[self.name][index], self.streams[index].interrupt)

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
                self.update_irq(stream.index)
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
        self.update_irq(stream.index)

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
                if requester not in self._serving:
                    self._serving.append(requester)
                requester.stream_changed(request, serving)
