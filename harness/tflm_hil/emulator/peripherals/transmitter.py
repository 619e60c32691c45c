"""A USART's transmit data register and shift register, in frames of a continuous burst.

Frame k of the burst is in the shift register from `start + end(k)` to `start + end(k + 1)`; the
data register is free again when the shift register takes its byte. Bytes are handed over in
chunks when somebody looks or an event is due, never one event per byte.
"""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.emulator.peripherals.pace import UNIT, Pace
from tflm_hil.emulator.peripherals.stream import Stream

DELIVERY_FRAMES = 256
"""At the latest after so many frames the host gets what has left."""


class Transmitter:
    """`deliver(data, cycles)` is called with bytes whose stop bits are over."""

    def __init__(self, deliver: Callable[[bytes, int], None]) -> None:
        self._deliver = deliver
        self.pace = UNIT
        self.stream: Stream | None = None
        """The DMA stream that fills the data register, while requests are enabled."""
        self.clear()

    def clear(self) -> None:
        """Nothing in flight."""
        self._start = 0
        self._queued = 0
        self._delivered = 0
        self._buffer = bytearray()
        self._streaming = False

    @property
    def busy(self) -> bool:
        """A frame is leaving or waits for it, as of the last `settle`."""
        return self._delivered < self._queued

    def preamble(self, now: int) -> None:
        """TE was set: one idle frame goes first (RM0385, 31.5.2)."""
        if not self.busy:
            self.clear()
            self._start = now + self.pace.end(1)

    def empty(self, now: int) -> bool:
        """TXE: the data register takes a byte."""
        return not self._queued or now >= self._start + self.pace.end(self._queued - 1)

    def put(self, now: int, byte: int) -> bool:
        """A store to the data register; False if it replaced a byte that had not left it."""
        self._begin(now)
        if not self.empty(now):
            self._buffer[-1] = byte
            return False
        self._queued += 1
        self._buffer.append(byte)
        return True

    def settle(self, now: int) -> bool:
        """Bring everything up to `now`; True if the last frame ended (TC)."""
        self._fill(now)
        if not self.busy:
            return False
        over = min(self.pace.completed(now - self._start), self._queued)
        count = over - self._delivered
        if count > 0:
            cycles = self.pace.end(over) - self.pace.end(self._delivered)
            chunk = bytes(self._buffer[:count])
            del self._buffer[:count]
            self._delivered = over
            self._deliver(chunk, cycles)
        return not self.busy

    def stop_streaming(self) -> None:
        """The stream or its requests ended (after a `settle`)."""
        self._streaming = False

    def next_change(self, now: int) -> int | None:
        """The next cycle at which time alone changes anything: the end of a frame."""
        if not self.busy:
            return None
        return self._start + self.pace.end(self.pace.completed(now - self._start) + 1)

    def next_event(self, *, on_empty: bool) -> int | None:
        """When somebody must look again: delivery, an interrupt of the stream, or TXE."""
        if not self.busy:
            return None
        waiting = self.stream.remaining if self.stream and self._streaming else 0
        frames = min(self._queued + waiting, self._delivered + DELIVERY_FRAMES)
        if self.stream and self._streaming:
            items = self.stream.items_to_interrupt()
            if items is not None:
                # The data register takes item i when the shift register takes item i - 1.
                frames = min(frames, self._queued + items - 2)
        if on_empty and not waiting:
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
        stream = self.stream
        if stream is None:
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
