"""Random scales, shapes and values for models of one operator."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

Random = np.random.Generator
RANGES = {"INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-32768, 32767)}


def scale_of(random: Random, low: float = 1e-3, high: float = 0.3) -> float:
    """A scale as a converter would find it: any float, evenly in its logarithm."""
    return float(np.float32(np.exp(random.uniform(np.log(low), np.log(high)))))


def zero_of(random: Random, kind: str) -> int:
    low, high = RANGES[kind]
    return int(random.integers(low, high + 1)) if kind in ("INT8", "UINT8") else 0


class Units(TypedDict, total=False):
    """What a quantised tensor states besides its type and shape."""

    scale: float
    zero_point: int


def units(random: Random, kind: str, **limits: float) -> Units:
    """Scale and zero point for a tensor of this type; none for floats and plain integers."""
    if kind not in RANGES:
        return {}
    return {"scale": scale_of(random, **limits), "zero_point": zero_of(random, kind)}


def shape_of(random: Random, rank: int | None = None, most: int = 6) -> list[int]:
    rank = int(random.integers(1, 5)) if rank is None else rank
    return [int(n) for n in random.integers(1, most + 1, rank)]


def values(random: Random, kind: str, shape: list[int]) -> np.ndarray:
    if kind == "FLOAT32":
        return random.normal(0, 1, shape).astype(np.float32)
    low, high = RANGES.get(kind, (-50, 50))
    return random.integers(low, high + 1, shape)


def broadcast_shapes(random: Random) -> tuple[list[int], list[int], list[int]]:
    """Two shapes and what they broadcast to."""
    whole = shape_of(random)
    sides = []
    for _ in range(2):
        side = [n if random.integers(3) else 1 for n in whole]
        sides.append(
            side[int(random.integers(0, len(side) + 1)) if random.integers(3) == 0 else 0 :]
        )
    if random.integers(2):
        sides = [whole, whole]
    return sides[0], sides[1], [int(n) for n in np.broadcast_shapes(*map(tuple, sides))]
