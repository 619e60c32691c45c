"""A USART's transmit data register, shift register and flags, in frames of a continuous burst.

Frame k of the burst is in the shift register from `start + end(k)` to `start + end(k + 1)`; the
data register is free again when the shift register takes its byte. Bytes are handed over in
chunks when somebody looks or an event is due, never one event per byte.
"""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.emulator.peripherals.dma_requests import DmaRequest
from tflm_hil.emulator.peripherals.pace import UNIT, Pace
from tflm_hil.emulator.peripherals.stream import Stream
from tflm_hil.emulator.peripherals.usart_registers import TC, TXE

DELIVERY_FRAMES = 256
"""The host gets what has left after this many frames at the latest."""


class Transmitter:
    """`deliver(data, cycles)` is called with bytes whose stop bits are over.

    `request` is the DMA request that it makes while `asks` is set.
    """

    def __init__(self, deliver: Callable[[bytes, int], None], request: DmaRequest) -> None:
        self._deliver = deliver
        self._request = request
        self.asks = False
        self.pace = UNIT
        self.reset()

    def reset(self) -> None:
        """As after a reset: nothing in flight, and TC set."""
        self.clear()
        self._complete = True

    def clear(self) -> None:
        """Nothing in flight."""
        self._start = 0
        self._queued = 0
        self._delivered = 0
        self._buffer = bytearray()
        self._streaming = False

    @property
    def _stream(self) -> Stream | None:
        """The DMA stream that fills the data register."""
        return self._request.stream if self.asks else None

    @property
    def busy(self) -> bool:
        """A frame is leaving or waits for it, as of the last `settle`."""
        return self._delivered < self._queued

    def preamble(self, now: int) -> None:
        """TE was set: one idle frame goes first (RM0385, 31.5.2)."""
        if not self.busy:
            self.clear()
            self._start = now + self.pace.end(1)

    def flags(self, now: int) -> int:
        """TXE and TC of ISR, after a `settle`."""
        return (TXE if self._empty(now) else 0) | (TC if self._complete else 0)

    def clear_complete(self) -> None:
        """TCCF was written to ICR."""
        self._complete = False

    def _empty(self, now: int) -> bool:
        return not self._queued or now >= self._start + self.pace.end(self._queued - 1)

    def put(self, now: int, byte: int) -> bool:
        """A store to the data register; False if it replaced a byte that had not left it."""
        self._complete = False
        self._begin(now)
        if not self._empty(now):
            self._buffer[-1] = byte
            return False
        self._queued += 1
        self._buffer.append(byte)
        return True

    def settle(self, now: int) -> None:
        """Bring everything up to `now`."""
        self._fill(now)
        if not self.busy:
            return
        over = min(self.pace.completed(now - self._start), self._queued)
        count = over - self._delivered
        if count > 0:
            cycles = self.pace.end(over) - self.pace.end(self._delivered)
            chunk = bytes(self._buffer[:count])
            del self._buffer[:count]
            self._delivered = over
            self._deliver(chunk, cycles)
        self._complete = not self.busy

    def next_change(self, now: int) -> int | None:
        """The next cycle at which time alone changes anything: the end of a frame."""
        if not self.busy:
            return None
        return self._start + self.pace.end(self.pace.completed(now - self._start) + 1)

    def next_event(self, now: int, *, on_empty: bool) -> int | None:
        """When somebody must look again: delivery, an interrupt of the stream, or TXE if wanted."""
        if not self.busy:
            return None
        stream = self._stream if self._streaming else None
        waiting = stream.remaining if stream else 0
        frames = min(self._queued + waiting, self._delivered + DELIVERY_FRAMES)
        if stream:
            items = stream.items_to_interrupt()
            if items is not None:
                # The data register takes item i when the shift register takes item i - 1.
                frames = min(frames, self._queued + items - 2)
        if on_empty and not waiting and not self._empty(now):
            frames = min(frames, self._queued - 1)
        return self._start + self.pace.end(frames)

    def change_pace(self, now: int, pace: Pace) -> None:
        """Frequencies changed; after a `settle` at the old ones."""
        if self.busy:
            begun = self._start + self.pace.end(self._delivered)
            self._start = now - (now - begun) * pace.numerator * self.pace.denominator // (
                pace.denominator * self.pace.numerator
            )
            self._queued -= self._delivered
            self._delivered = 0
        else:
            self._queued = self._delivered = 0
            self._start = min(self._start, now)
        self.pace = pace

    def _begin(self, now: int) -> None:
        """A new burst, if the one before is over."""
        if not self.busy:
            self._start = max(now, self._start) if not self._queued else now
            self._queued = self._delivered = 0

    def _fill(self, now: int) -> None:
        """Move what the stream has put into the data register by `now`."""
        stream = self._stream
        if stream is None:
            self._streaming = False
            return
        if not self._streaming:
            self._begin(now)
            self._streaming = True
        room = self.pace.completed(now - self._start) + 2 - self._queued
        while room > 0 and stream.active and stream.remaining:
            data = stream.supply(room)
            room -= len(data)
            self._queued += len(data)
            self._buffer += data
        if not stream.active:
            self._streaming = False
