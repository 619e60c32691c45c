"""Random recurrent networks: the builtin engine against the desktop wheel.

A few by default; HIL_RANDOM_MODELS=200 makes as many as it says and prints what became of them.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np

from tests.support.random_recurrent import Made, draw, make

from .conftest import Runner

COUNT = int(os.environ.get("HIL_RANDOM_MODELS", "6"))
# Random networks do not forget as trained ones do: the last bit grows with layers and steps.
FLOAT_BOUND = 5e-6


def difference(made: Made, engine_run: Runner, *, kept: bool) -> str:
    """What differs, in words: nothing where integers are the same bits and floats are close."""
    arguments = ["--keep-state"] if kept else []
    ours = engine_run(made.model, made.inputs, "--poison", *arguments)
    wanted = made.outputs(kept=kept)
    if ours.status != 0:
        return str(ours.report.get("text", ours.report))
    if ours.outputs == wanted:
        return ""
    if made.network.dtype != "float32":
        kind = np.int8 if made.network.dtype == "int8" else np.int16
        got, want = (np.frombuffer(raw, kind) for raw in (ours.outputs, wanted))
        return f"{np.count_nonzero(got != want)} of {want.size} outputs differ"
    got, want = (np.frombuffer(raw, np.float32) for raw in (ours.outputs, wanted))
    worst = float(np.max(np.abs(got - want) / np.maximum(1, np.abs(want))))
    return "" if worst <= FLOAT_BOUND else f"differs by {worst:.3g}"


def test_random_networks_equal_the_wheel(engine_run: Runner, tmp_path: Path) -> None:
    """With a reset before each sequence, and with the state of the one before."""
    wrong: dict[str, str] = {}
    equal: Counter[str] = Counter()
    without: dict[str, str] = {}
    for made in make(range(COUNT), tmp_path):
        network = made.network
        if made.failure:
            without[network.name] = made.failure
            continue
        found = difference(made, engine_run, kept=False) or difference(made, engine_run, kept=True)
        if found:
            wrong[network.name] = found
        else:
            equal[f"{network.dtype} {network.export}"] += 1
    print(f"\n{equal.total()} of {COUNT - len(without)} equal: {dict(sorted(equal.items()))}")
    for name, failure in without.items():
        print(f"no model: {name}: {failure}")
    assert not wrong
    assert not without, "networks that the converter or the wheel could not take"


def test_a_number_draws_the_same_network() -> None:
    assert draw(3) == draw(3)
    drawn = [draw(number) for number in range(200)]
    assert {len(network.layers) for network in drawn} == {1, 2, 3}
    assert {network.dtype for network in drawn} == {"float32", "int8", "int16x8"}
    assert {network.export for network in drawn} == {"unrolled", "fused", "shift"}
