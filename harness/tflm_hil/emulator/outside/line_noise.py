"""Damages bytes on their way, for testing that a protocol survives it.

The distance to the next damaged byte is drawn from a geometric distribution, so the cost is per
damage and not per byte. The same seed damages the same bytes of the same stream.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

KINDS = ("flip", "drop", "duplicate", "insert", "reorder")


@dataclass
class NoiseCounters:
    """How often each kind happened."""

    flip: int = 0
    drop: int = 0
    duplicate: int = 0
    insert: int = 0
    reorder: int = 0

    @property
    def total(self) -> int:
        """Of all kinds."""
        return sum(vars(self).values())


@dataclass
class LineNoise:
    """Noise of one direction: each byte is damaged with probability `rate`.

    One bit of it flips, it is lost, it comes twice, a random byte comes before it, or it comes
    behind the one that follows it, which may be much later.
    """

    rate: float
    seed: int
    kinds: Sequence[str] = KINDS
    counters: NoiseCounters = field(default_factory=NoiseCounters)

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise ValueError(f"the rate of damaged bytes is above 0 and at most 1, not {self.rate}")
        if not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ValueError(f"kinds are some of {', '.join(KINDS)}, not {list(self.kinds)}")
        self._random = random.Random(self.seed)
        self._clean = self._next_distance()
        self._late = b""  # comes behind the next byte

    def _next_distance(self) -> int:
        if self.rate == 1:
            return 0
        return int(math.log(1 - self._random.random()) / math.log(1 - self.rate))

    def apply(self, data: bytes) -> bytes:
        """The bytes as they arrive."""
        if len(data) <= self._clean and not self._late:
            self._clean -= len(data)
            return data
        out = bytearray()
        position = 0
        while position < len(data):
            if not self._late:
                clean = data[position : position + self._clean]
                out += clean
                position += len(clean)
                self._clean -= len(clean)
            if position < len(data):
                late, self._late = self._late, b""
                out += self._pass(data[position]) + late
                position += 1
        return bytes(out)

    def _pass(self, byte: int) -> bytes:
        if self._clean:
            self._clean -= 1
            return bytes([byte])
        self._clean = self._next_distance()
        return self._damage(byte)

    def _damage(self, byte: int) -> bytes:
        kind = self._random.choice(self.kinds)
        setattr(self.counters, kind, getattr(self.counters, kind) + 1)
        match kind:
            case "flip":
                return bytes([byte ^ 1 << self._random.randrange(8)])
            case "drop":
                return b""
            case "duplicate":
                return bytes([byte, byte])
            case "insert":
                return bytes([self._random.randrange(256), byte])
        self._late = bytes([byte])
        return b""
