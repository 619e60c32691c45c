"""Keras with memory over a long sequence: the trained network, unrolled over all of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.models.zoo.manifest import Variant, load_model
from tflm_hil.references import compute, memory
from tflm_hil.references.memory import with_memory

MODELS = Path(__file__).parents[3] / "fixtures" / "models"
WINDOW = 9
WINDOWS = 12


@pytest.fixture(scope="module")
def variant() -> Variant:
    return load_model(MODELS / "sine_lstm").variants[0]


@pytest.fixture(scope="module")
def rows(variant: Variant) -> NDArray[np.float32]:
    return variant.load_samples().inputs[:WINDOWS].reshape(-1, 1)


def run(
    variant: Variant, inputs: NDArray[np.float32], directory: Path | None = None
) -> NDArray[np.float32]:
    remembered = with_memory({"it": (variant, inputs)}, cache_directory=directory)["it"]
    assert isinstance(remembered, RungOutputs), remembered
    stored: NDArray[np.float32] = remembered.stored[0]
    return stored


def test_row_by_row_and_window_by_window_is_one_network(
    variant: Variant, rows: NDArray[np.float32], tmp_path: Path
) -> None:
    steps = run(variant, rows, tmp_path)
    windows = run(variant, rows.reshape(WINDOWS, WINDOW), tmp_path)
    assert steps.shape == (WINDOWS * WINDOW, 1)
    assert windows.shape == (WINDOWS, 1)
    assert np.max(np.abs(steps[WINDOW - 1 :: WINDOW] - windows)) < 1e-6


def test_it_starts_as_the_trained_model_and_then_remembers(
    variant: Variant, rows: NDArray[np.float32], tmp_path: Path
) -> None:
    fresh = compute(variant, variant.load_samples().first(WINDOWS), frameworks=("keras",))
    expected = fresh.references["keras"].tensors[0].stored
    carried = run(variant, rows.reshape(WINDOWS, WINDOW), tmp_path)
    assert np.max(np.abs(carried[0] - expected[0])) < 1e-6
    assert np.max(np.abs(carried[1:] - expected[1:])) > 1e-3, "the second window starts from zero"


def test_a_second_time_no_process_is_started(
    variant: Variant,
    rows: NDArray[np.float32],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = run(variant, rows, tmp_path)

    def started(*_: object, **__: object) -> None:
        raise AssertionError("it was in the cache")

    monkeypatch.setattr(memory, "run_worker", started)
    assert np.array_equal(run(variant, rows, tmp_path), first)
    with pytest.raises(AssertionError, match="in the cache"):
        run(variant, rows + 1, tmp_path)


def test_what_keras_cannot_run_is_said_and_stops_no_other(
    variant: Variant, rows: NDArray[np.float32], tmp_path: Path
) -> None:
    assert variant.keras is not None
    wide = np.zeros((4, 0), np.float32)
    remembered = with_memory(
        {
            "wide": (variant, wide),
            "bare": (replace(variant, keras=None), rows),
            "good": (variant, rows),
        },
        cache_directory=tmp_path,
    )
    assert isinstance(remembered["wide"], str)
    assert remembered["wide"]
    assert remembered["bare"] == "it came without its Keras model"
    assert isinstance(remembered["good"], RungOutputs)
