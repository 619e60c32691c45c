"""Damaged models of every operator, for tests against the wheel."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.support.mutations import mutated

from .conftest import run_wheel

# exp and its like are those of the host's libm in the wheel and the engine's own
FLOAT_BOUND = 1e-5


def write_damaged(folder: Path, sources: Sequence[Path], number: int) -> None:
    """`number` damaged copies of models of `sources`, drawn at random but the same each time, as
    NAME.tflite, and NAME.in and NAME.out where the wheel runs them.
    """
    chosen = np.random.default_rng(20261201)
    for seed in range(number):
        source = sources[int(chosen.integers(len(sources)))]
        damage = mutated if seed % 4 == 0 else one_bit
        name = f"{seed:05}-{source.parent.name}-{source.name}"
        (folder / name).write_bytes(damage(source.read_bytes(), seed))
    run_wheel("damaged", folder)


def one_bit(content: bytes, seed: int) -> bytes:
    """What more often leaves a model that runs than the rougher damage of `mutated`."""
    chosen = random.Random(seed)
    data = bytearray(content)
    data[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
    return bytes(data)


def alike(ours: bytes, wheel: bytes, name: str) -> bool:
    """The same bytes, or floats as near as the libraries' functions let them be."""
    if ours == wheel:
        return True
    if "float32" not in name.lower() or len(ours) != len(wheel):
        return False
    got, want = (np.frombuffer(raw, np.float32) for raw in (ours, wheel))
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(got - want) <= FLOAT_BOUND * np.maximum(1, np.abs(want))
    return bool((near | (got == want) | (np.isnan(got) & np.isnan(want))).all())
