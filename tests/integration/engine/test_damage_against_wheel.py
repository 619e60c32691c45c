"""Damaged models are refused by the engine, or it gives what the desktop wheel gives.

One bit or more of models of every operator and of the zoo is changed. `HIL_DAMAGED=5000` changes
that many instead of a few.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from .conftest import ROOT, Runner, alike
from .damage import FLOAT_BOUND, write_damaged

DAMAGED = int(os.environ.get("HIL_DAMAGED", "200"))
LARGEST_BYTES = 20_000  # of models of the zoo: what is damaged shall matter
OPTIONS = ("--arena", "400000", "--poison", "--keep-state")
OK = 0


@pytest.fixture(scope="module")
def damaged(random_ops: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NAME.tflite, and NAME.in and NAME.out where the wheel runs it."""
    folder = tmp_path_factory.mktemp("damaged")
    operators = sorted(random_ops.glob("*-[01].tflite"))
    zoo = sorted((ROOT / "fixtures" / "models").glob("*/*.tflite"))
    sources = operators + [path for path in zoo if path.stat().st_size < LARGEST_BYTES]
    write_damaged(folder, sources, DAMAGED)
    return folder


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
        elif alike(ours.outputs, path.with_suffix(".out").read_bytes(), path.name, FLOAT_BOUND):
            became["run by both, equal"] += 1
        else:
            became["run by both, different"] += 1
            different.append(path.name)
    print(f"{DAMAGED} damaged models: {dict(became)}")
    assert not different
    assert became["run by both, equal"] > DAMAGED // 10
    assert became["refused by both"] > DAMAGED // 10
