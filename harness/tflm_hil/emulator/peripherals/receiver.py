"""A USART's receive side: takes due bytes off the wire and keeps the receive flags.

Nothing happens byte by byte: `settle` moves all bytes that are over in slices, `next_event` says
when an enabled interrupt would come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from tflm_hil.emulator.peripherals.dma_requests import DmaRequest
from tflm_hil.emulator.peripherals.pace import UNIT, Burst, Pace
from tflm_hil.emulator.peripherals.pins import Outlet
from tflm_hil.emulator.peripherals.port import UartPort
from tflm_hil.emulator.peripherals.stream import Stream
from tflm_hil.emulator.peripherals.usart_registers import CMF, FE, IDLE, ORE, RXNE
from tflm_hil.emulator.peripherals.wave import resample


@dataclass(frozen=True)
class ReceiveSetup:
    """What the registers say about reception."""

    enabled: bool = False
    asks: bool = False
    """DMA requests for received bytes are on."""
    baud: Fraction = Fraction(1)
    pace: Pace = UNIT
    match: int = 0
    """The character whose arrival sets CMF."""
    keep_newest: bool = False
    """OVRDIS: a new byte replaces an unread one."""
    wake_flags: int = 0
    """Flags of ISR that raise the interrupt."""


class Receiver:
    """Takes what comes in at `port` and passes `outlet`; `overrun` is called for lost bytes."""

    def __init__(
        self, port: UartPort, outlet: Outlet, request: DmaRequest, overrun: Callable[[], None]
    ) -> None:
        self._port = port
        self._outlet = outlet
        self._request = request
        self._report_overrun = overrun
        self.setup = ReceiveSetup()
        self.clear()

    @property
    def _stream(self) -> Stream | None:
        """The DMA stream that empties the data register."""
        return self._request.stream if self.setup.asks else None

    def clear(self) -> None:
        """Reset: flags and data register."""
        self.flags = 0
        self.data = 0
        self._hot = False
        self._last_end = 0

    def on_wire(self, now: int) -> bool:
        """A frame is being received."""
        bursts = self._port.bursts
        return bool(bursts) and bursts[0].end_after(0) <= now

    def settle(self, now: int) -> None:
        """Receive everything whose stop bit is over by `now`."""
        bursts = self._port.bursts
        while bursts:
            burst = bursts[0]
            due = burst.due(now)
            if due <= 0:
                break
            self._go_idle(burst.end_after(0))
            self._take(burst, due)
            if burst.data:
                break
            bursts.popleft()
        if self._hot and not (bursts and bursts[0].end_after(0) <= self._last_end):
            self._go_idle(min(now, bursts[0].end_after(0)) if bursts else now)
        stream = self._stream if self.flags & RXNE else None
        if stream is not None and stream.accept(bytes([self.data])):
            self.flags &= ~RXNE

    def read_data(self) -> int:
        """A load of RDR."""
        self.flags &= ~RXNE
        return self.data

    def next_change(self, now: int) -> int | None:
        """The next cycle at which time alone changes anything (after a `settle`)."""
        bursts = self._port.bursts
        idle = self._last_end + self.setup.pace.end(1) if self._hot else None
        if not bursts:
            return idle
        begins = bursts[0].end_after(0)
        change = begins if begins > now else bursts[0].end_after(1)
        return change if idle is None or idle <= now else min(change, idle)

    def next_event(self) -> int | None:
        """The cycle at which an interrupt is due, or the host's bytes are all over."""
        bursts = self._port.bursts
        wake = self.setup.wake_flags & ~self.flags
        if not bursts:
            return self._last_end + self.setup.pace.end(1) if self._hot and wake & IDLE else None
        burst = bursts[0]
        frames = len(burst.data)
        if self.setup.enabled:
            stream = self._stream
            if stream is not None:
                items = stream.items_to_interrupt()
                frames = min(frames, frames if items is None else items)
            elif wake & RXNE:
                frames = 1
            if wake & CMF:
                position = burst.data.find(self.setup.match)
                frames = min(frames, frames if position < 0 else position + 1)
            if wake & (CMF | FE) and self._port.garbles(burst, self.setup.baud):
                frames = 1
        at = burst.end_after(frames)
        if self._hot and wake & IDLE:
            idle = self._last_end + self.setup.pace.end(1)
            if burst.end_after(0) >= idle:
                at = min(at, idle)
        return at

    def _go_idle(self, quiet_until: int) -> None:
        """The wire was quiet from the last frame to `quiet_until`."""
        if self._hot and quiet_until - self._last_end >= self.setup.pace.end(1):
            self.flags |= IDLE
            self._hot = False

    def _take(self, burst: Burst, count: int) -> None:
        counters = self._port.counters
        begun = burst.end_after(0)
        chunk = burst.take(count)
        self._last_end = burst.end_after(0)
        counters.bytes_in += count
        counters.busy_in_cycles += self._last_end - begun
        if not self.setup.enabled or not self._outlet.receives():
            counters.lost_in += count
            return
        self._hot = True
        self._port.judge(self.setup.baud, burst.host_baud)
        if not self._port.garbles(burst, self.setup.baud):
            self._receive(chunk)
            return
        counters.garbled_in += count
        assert burst.host_baud is not None
        for byte, broken in resample(chunk, float(burst.host_baud), float(self.setup.baud)):
            if broken:
                counters.framing_errors += 1
                self.flags |= FE
                if self._stream is not None:
                    continue  # RXNE stays 0, so the stream is not asked (CR3.DDRE = 0)
            self._receive(bytes([byte]))

    def _receive(self, chunk: bytes) -> None:
        if not self.flags & CMF and self.setup.match in chunk:
            self.flags |= CMF
        stream = self._stream
        if stream is not None:
            chunk = chunk[stream.accept(chunk) :]
        if not chunk:
            return
        if self.setup.keep_newest:
            self.data = chunk[-1]
        elif self.flags & RXNE:
            self._overrun(len(chunk))
        else:
            self.data = chunk[0]
            if len(chunk) > 1:
                self._overrun(len(chunk) - 1)
        self.flags |= RXNE

    def _overrun(self, lost: int) -> None:
        self.flags |= ORE
        self._port.counters.overruns += lost
        self._report_overrun()
