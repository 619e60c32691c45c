"""Keras models with classes of their own (`tests/support/own_cells.py`), saved by a worker.

python -m tests.support.own_models: request {"directory": "..."}
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from tflm_hil.worker import Arrays, serve

from tests.support.own_cells import Block, DampedCell, Whole, WithTensorFlow, bent

STEPS, FEATURES = 12, 3


def save(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Save `own_cell.keras`, `own_activation.keras` and models that are classes of their own."""
    keras.utils.set_random_seed(4)
    layers = keras.layers
    models = {
        "own_cell": [layers.RNN(DampedCell(4, 0.8), name="damped"), layers.Dense(2)],
        "own_activation": [layers.GRU(4, activation=bent, name="bent"), layers.Dense(2)],
    }
    for name, parts in models.items():
        model = keras.Sequential([keras.Input((STEPS, FEATURES)), *parts])
        model.save(Path(request["directory"]) / f"{name}.keras")
    x = keras.random.normal((2, STEPS, FEATURES))
    for name, own in {
        "own_model": Whole(),
        "uncalled": Whole(),
        "tensorflow": WithTensorFlow(),
    }.items():
        if name != "uncalled":
            own(x)
        own.save(Path(request["directory"]) / f"{name}.keras")
    begin = keras.Input((STEPS, FEATURES))
    half = layers.Lambda(lambda t: t * 0.5, name="half")(begin)
    for name in ("trusted", "distrusted"):
        keras.Model(begin, layers.GRU(3)(half)).save(Path(request["directory"]) / f"{name}.keras")
    inside = keras.Model(begin, layers.GRU(3)(Whole().upper(Block(3)(begin))))
    inside.save(Path(request["directory"]) / "own_block.keras")
    return {}, {}


if __name__ == "__main__":
    serve(save)
