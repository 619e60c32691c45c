"""Keras models with classes of their own (`tests/support/own_cells.py`), saved by a worker.

python -m tests.support.own_models: request {"directory": "..."}
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from tflm_hil.worker import Arrays, serve

from tests.support.own_cells import DampedCell, bent

STEPS, FEATURES = 12, 3


def save(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Save `own_cell.keras` and `own_activation.keras`."""
    keras.utils.set_random_seed(4)
    layers = keras.layers
    models = {
        "own_cell": [layers.RNN(DampedCell(4, 0.8), name="damped"), layers.Dense(2)],
        "own_activation": [layers.GRU(4, activation=bent, name="bent"), layers.Dense(2)],
    }
    for name, parts in models.items():
        model = keras.Sequential([keras.Input((STEPS, FEATURES)), *parts])
        model.save(Path(request["directory"]) / f"{name}.keras")
    return {}, {}


if __name__ == "__main__":
    serve(save)
