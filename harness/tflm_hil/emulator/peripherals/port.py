"""A USART's port: where its wire meets the host's line.

`collect` puts on the wire what the host has sent; the USART takes it off as it becomes due, and
hands over what it sends. Everything runs on the machine's thread.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from tflm_hil.emulator.bus import Bus
from tflm_hil.emulator.host_line import HostBytes, HostLine
from tflm_hil.emulator.peripherals.pace import Burst, Pace
from tflm_hil.emulator.peripherals.wave import resample

FRAME_BITS = 10
"""8N1: a start bit, eight data bits, one stop bit."""
DEFAULT_BAUD = 115_200
"""The sender's speed while neither side has set one."""
BAUD_TOLERANCE = 0.03
"""Beyond this a receiver no longer hits the middle of the last bits (RM0385, 31.5.5: 3.3 %)."""
BAUD_ACCURACY = 0.02
"""A divisor further off than this is a mistake even if the bytes still pass."""
SAME_RATE = 0.06
"""Rates closer than this are meant to be the same one: 921600 and 1 M differ by 8 %."""


@dataclass
class LineCounters:
    """What passed the wire since power-on; times in core cycles."""

    bytes_in: int = 0
    """Bytes from the host whose frames are over, received or not."""
    bytes_out: int = 0
    """Bytes that left the transmitter's shift register."""
    busy_in_cycles: int = 0
    busy_out_cycles: int = 0
    overruns: int = 0
    """Bytes lost because the one before was not read."""
    lost_in: int = 0
    """Bytes that met a receiver that was off, in reset or without a pin."""
    lost_out: int = 0
    """Bytes that left the shift register but reached no pin."""
    garbled_in: int = 0
    """Bytes sent while the baud rates of the two sides did not fit."""
    garbled_out: int = 0
    framing_errors: int = 0


class Station(Protocol):
    """The USART at the board's end of the wire."""

    def before_line_change(self) -> None:
        """Bytes that are due are received before the line changes."""

    def after_line_change(self) -> None:
        """New bytes: plan again."""

    def frame_cycles(self, host_baud: int | None) -> Fraction:
        """The duration of one frame of the host in core cycles."""

    def transmitting(self) -> bool:
        """A frame is leaving."""


class UartPort:
    """The wire between a USART and the host's line."""

    def __init__(self, line: HostLine) -> None:
        self._line = line
        self.counters = LineCounters()
        self.bursts: deque[Burst] = deque()
        self._bus: Bus | None = None
        self._station: Station | None = None
        self._judged: tuple[Fraction, int | None] | None = None

    def attach(self, bus: Bus, station: Station) -> None:
        """Connect the board's USART."""
        self._bus = bus
        self._station = station

    @property
    def idle(self) -> bool:
        """Nothing is on the wire in either direction."""
        return not self.bursts and not (self._station and self._station.transmitting())

    @property
    def waiting_in(self) -> int:
        """Bytes fed that the board has not received yet."""
        return sum(len(burst.data) for burst in self.bursts)

    def collect(self) -> None:
        """Put on the wire what the host has sent."""
        while (sent := self._line.take()) is not None:
            self.feed(sent)

    def feed(self, sent: HostBytes) -> None:
        """Bytes from the host: they follow what is on the wire, or start now."""
        if self._bus is None or self._station is None:
            raise RuntimeError("the UART port is not attached to a USART")
        if not sent.data:
            return
        self._station.before_line_change()
        now = self._bus.cycles
        last = self.bursts[-1] if self.bursts else None
        if last is None or last.end < now or last.host_baud != sent.baud:
            pace = Pace.of(self._station.frame_cycles(sent.baud))
            start = now if last is None else max(now, last.end)
            last = Burst(start, pace, sent.baud)
            self.bursts.append(last)
        last.data += sent.data
        self._station.after_line_change()

    def rebase(self, now: int) -> None:
        """Frequencies changed: what is still on the wire goes on at its new pace."""
        assert self._station is not None
        free = now
        for index, burst in enumerate(self.bursts):
            pace = Pace.of(self._station.frame_cycles(burst.host_baud))
            if pace != burst.pace:
                burst.change_pace(now, pace)
            if index:
                burst.start = free
            free = burst.end

    def drop(self) -> None:
        """The receiver was reset: what is still on its way is lost."""
        for burst in self.bursts:
            self.counters.lost_in += len(burst.data)
        self.bursts.clear()

    def transmit(self, data: bytes, baud: Fraction) -> None:
        """`data` left the board's pin at `baud`."""
        host = self._line.baud()
        self.judge(baud, host)
        if host is not None and _mismatch(baud, host) > BAUD_TOLERANCE:
            self.counters.garbled_out += len(data)
            data = bytes(byte for byte, _ in resample(data, float(baud), float(host)))
        if data:
            self._line.deliver(data)

    def garbles(self, burst: Burst, baud: Fraction) -> bool:
        """The board at `baud` cannot read this burst."""
        return burst.host_baud is not None and _mismatch(baud, burst.host_baud) > BAUD_TOLERANCE

    def judge(self, baud: Fraction, host_baud: int | None) -> None:
        """Report a divisor that misses the rate that was meant."""
        if self._judged == (baud, host_baud):
            return
        self._judged = (baud, host_baud)
        error = _mismatch(baud, host_baud) if host_baud else 0.0
        if self._bus is not None and BAUD_ACCURACY < error < SAME_RATE:
            self._bus.finding(
                "baud",
                f"the USART's divisor gives {float(baud):.0f} baud, {100 * error:.1f} % off the "
                f"host's {host_baud}; keep it within 2 %: another rate, or a kernel clock "
                "or oversampling that divides better.",
            )


def _mismatch(baud: Fraction, wanted: int) -> float:
    return abs(float(baud) / wanted - 1)
