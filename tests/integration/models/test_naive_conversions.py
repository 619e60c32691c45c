"""The lints on what the real converter writes when nobody takes care."""

from __future__ import annotations

import pytest
from tflm_hil.models.tflite.lints import lint
from tflm_hil.worker import Arrays, run_worker

# (model of tests.support.keras_models, way of tests.support.naive_converter) → lint that finds it
TRAPS = {
    ("rnn", "open_batch"): "dynamic-batch",
    ("gru_sequence", "loop"): "dynamic-shape-in-loop",
    ("wide", "dynamic_range"): "hybrid",
    ("rnn", "unrolled_int16"): "per-channel-int16",
    ("gru_sequence", "unrolled_int16"): "bias-scale",
    ("stack", "step_int8"): "state-scales",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    directory = str(tmp_path_factory.mktemp("keras"))
    names = sorted({name for name, _ in TRAPS})
    run_worker("tests.support.keras_models", {"names": names, "directory": directory})
    _, found = run_worker(
        "tests.support.naive_converter", {"wanted": list(TRAPS), "directory": directory}
    )
    return found


@pytest.mark.parametrize(("name", "way"), TRAPS)
def test_the_trap_is_named(models: Arrays, name: str, way: str) -> None:
    found = {item.code for item in lint(models[f"{name} {way}"].tobytes())}
    assert TRAPS[name, way] in found
