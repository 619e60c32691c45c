"""Exact timing of back-to-back UART frames in whole core cycles."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil


@dataclass(frozen=True)
class Pace:
    """The duration of one frame as a ratio of integers, so that nothing drifts.

    Frame k (from 0) of a burst that starts at cycle s is over at `s + end(k + 1)`; rounding up
    happens once per question, never per frame.
    """

    numerator: int
    denominator: int

    @classmethod
    def of(cls, frame_cycles: Fraction) -> Pace:
        """From the frame's duration in core cycles."""
        return cls(frame_cycles.numerator, frame_cycles.denominator)

    def end(self, frames: int) -> int:
        """Cycles after which `frames` frames are over."""
        return -(-frames * self.numerator // self.denominator)

    def completed(self, cycles: int) -> int:
        """Frames that are over after `cycles` (negative before the start)."""
        return cycles * self.denominator // self.numerator

    def convert(self, cycles: Fraction, into: Pace) -> Fraction:
        """The same share of a frame at another pace."""
        return cycles * into.numerator * self.denominator / (into.denominator * self.numerator)


UNIT = Pace(1, 1)
"""One cycle a frame: for a USART that has no baud yet."""


@dataclass
class Burst:
    """Bytes from the host that follow each other without a gap, not yet received."""

    start: int
    """Core cycle at which frame 0 begins."""
    pace: Pace
    host_baud: int | None
    """The sender's baud; None: the sender follows the board."""
    data: bytearray = field(default_factory=bytearray)
    taken: int = 0
    """Frames that are over and were taken out of `data`."""

    def due(self, now: int) -> int:
        """How many bytes of `data` are over by `now`."""
        return min(self.pace.completed(now - self.start) - self.taken, len(self.data))

    def end_after(self, frames: int) -> int:
        """The cycle at which the next `frames` frames are over."""
        return self.start + self.pace.end(self.taken + frames)

    @property
    def end(self) -> int:
        """The cycle at which all of it is over."""
        return self.end_after(len(self.data))

    def take(self, count: int) -> bytes:
        """Remove the next `count` bytes."""
        chunk = bytes(self.data[:count])
        del self.data[:count]
        self.taken += count
        return chunk

    def change_pace(self, now: int, pace: Pace) -> None:
        """Go on at another pace; the share of the frame that is over stays the same."""
        begun = self.start + Fraction(self.taken * self.pace.numerator, self.pace.denominator)
        if begun < now:
            self.start = now - round(self.pace.convert(now - begun, pace))
        else:
            self.start = ceil(begun)
        self.pace = pace
        self.taken = 0
