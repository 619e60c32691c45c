"""Damaged models of every operator, for tests against the wheel."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.support.mutations import mutated

from .conftest import run_wheel

# With a changed exponent a function is asked for where nobody asks it: its own steps show more.
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
