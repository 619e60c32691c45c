"""Descriptions of Keras files: read together, kept by content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflm_hil.references import weights
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle
from tflm_hil.references.weights import read_model
from tflm_hil.worker import WorkerError

MODELS = Path(__file__).parents[3] / "fixtures" / "models"
STACK = (MODELS / "stacked_lstm" / "model.keras", None)
DIGITS = (MODELS / "digits_gru" / "model.keras", None)
JORDAN = (MODELS / "jordan" / "model.keras", MODELS.parent / "cells" / "jordan.py")
FORECAST = (MODELS / "many_to_many_autoregressive" / "model.keras", None)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "cache_dir", lambda part: tmp_path / part)


def test_models_are_read_together_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_model(STACK, [DIGITS, JORDAN, FORECAST])
    layers = read.description.layers
    assert [layer.kind for layer in layers] == ["LSTM", "LSTM", "Dense"]
    assert layers[0].weights["recurrent_kernel"].shape == (12, 48)

    def no_more(*_: Any, **__: Any) -> Any:
        raise AssertionError("the worker was started again")

    monkeypatch.setattr(weights, "run_worker", no_more)
    again = read_model(STACK).description.layers
    for layer, same in zip(layers, again, strict=True):
        assert layer.config == same.config
        assert all(np.array_equal(same.weights[name], layer.weights[name]) for name in same.weights)
    assert read_model(DIGITS).description.layers[0].kind == "GRU"
    own = read_model(JORDAN)
    assert own.equations == ("JordanCell",)
    assert own.description.layers[0].parts["cell"].own
    with pytest.raises(NotExpressible) as refusal:
        read_model(FORECAST)
    assert refusal.value.obstacle is Obstacle.INPUT_MAKES_SEED


def test_a_file_that_is_no_model_is_an_error_of_that_file_only(tmp_path: Path) -> None:
    broken = (tmp_path / "broken.keras", None)
    broken[0].write_bytes(b"no archive")
    assert read_model(STACK, [broken]).description.layers
    with pytest.raises(WorkerError, match=r"broken\.keras"):
        read_model(broken)
