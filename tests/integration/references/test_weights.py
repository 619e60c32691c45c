"""Layers and weights of Keras files: read together, kept by content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflm_hil.references import weights
from tflm_hil.references.weights import layers_and_weights
from tflm_hil.worker import WorkerError

MODELS = Path(__file__).parents[3] / "fixtures" / "models"
STACK = (MODELS / "stacked_lstm" / "model.keras", None)
DIGITS = (MODELS / "digits_gru" / "model.keras", None)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "cache_dir", lambda part: tmp_path / part)


def test_models_are_read_together_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, arrays = layers_and_weights(STACK, [DIGITS])
    classes = [layer["class"] for layer in answer["layers"]]
    assert classes[:3] == ["InputLayer", "LSTM", "LSTM"]
    assert arrays["1/recurrent_kernel"].shape == (12, 48)

    def no_more(*_: Any, **__: Any) -> Any:
        raise AssertionError("the worker was started again")

    monkeypatch.setattr(weights, "run_worker", no_more)
    again, same = layers_and_weights(STACK)
    assert again == answer
    assert all(np.array_equal(same[name], array) for name, array in arrays.items())
    assert layers_and_weights(DIGITS)[0]["layers"][1]["class"] == "GRU"


def test_a_file_that_is_no_model_is_an_error_of_that_file_only(tmp_path: Path) -> None:
    broken = (tmp_path / "broken.keras", None)
    broken[0].write_bytes(b"no archive")
    assert layers_and_weights(STACK, [broken])[0]["branches"] == ""
    with pytest.raises(WorkerError, match=r"broken\.keras"):
        layers_and_weights(broken)
