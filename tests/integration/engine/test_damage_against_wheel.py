"""Damaged models are refused by the engine, or it gives what the desktop wheel gives.

One bit or more of models of every operator and of the zoo is changed. `HIL_DAMAGED=5000` changes
that many instead of a few.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.support.mutations import mutated

from .conftest import ROOT, Runner, run_wheel

DAMAGED = int(os.environ.get("HIL_DAMAGED", "200"))
LARGEST_BYTES = 20_000  # of models of the zoo: what is damaged shall matter
OPTIONS = ("--arena", "400000", "--poison", "--keep-state")
OK = 0
# exp and its like are those of the host's libm in the wheel and the engine's own
FLOAT_BOUND = 1e-5


def one_bit(content: bytes, seed: int) -> bytes:
    """What more often leaves a model that runs than the rougher damage of `mutated`."""
    chosen = random.Random(seed)
    data = bytearray(content)
    data[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
    return bytes(data)


@pytest.fixture(scope="module")
def damaged(random_ops: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NAME.tflite, and NAME.in and NAME.out where the wheel runs it."""
    folder = tmp_path_factory.mktemp("damaged")
    operators = [path for path in sorted(random_ops.glob("*-[01].tflite"))]
    zoo = sorted((ROOT / "fixtures" / "models").glob("*/*.tflite"))
    sources = operators + [path for path in zoo if path.stat().st_size < LARGEST_BYTES]
    chosen = np.random.default_rng(20261201)
    for seed in range(DAMAGED):
        source = sources[int(chosen.integers(len(sources)))]
        damage = mutated if seed % 4 == 0 else one_bit
        name = f"{seed:05}-{source.parent.name}-{source.name}"
        (folder / name).write_bytes(damage(source.read_bytes(), seed))
    run_wheel("damaged", folder)
    return folder


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


def test_refused_or_equal_to_the_wheel(damaged: Path, engine_run: Runner) -> None:
    """Prints what became of them: `pytest -s`."""
    became: Counter[str] = Counter()
    different = []
    for path in sorted(damaged.glob("*.tflite")):
        wheel_runs = path.with_suffix(".out").exists()
        if not wheel_runs:
            status = engine_run(path, b"", "--noise", *OPTIONS).status
            became["refused by both" if status else "run by the engine alone"] += 1
            continue
        ours = engine_run(path, path.with_suffix(".in").read_bytes(), *OPTIONS)
        if ours.status != OK:
            became["refused by the engine alone"] += 1
        elif alike(ours.outputs, path.with_suffix(".out").read_bytes(), path.name):
            became["run by both, equal"] += 1
        else:
            became["run by both, different"] += 1
            different.append(path.name)
    print(f"{DAMAGED} damaged models: {dict(became)}")
    assert not different
    assert became["run by both, equal"] > DAMAGED // 10
    assert became["refused by both"] > DAMAGED // 10
