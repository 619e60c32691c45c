"""Small Keras models of every structure that the exports take, saved by a worker.

    python -m tests.support.keras_models: request {"names": [...], "directory": "..."}

Weights are random, biases too: an export that loses a bias or swaps two gates differs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from harness.models.worker import Arrays, serve

STEPS, FEATURES = 12, 3


def _chain(*parts: Any, batch: int | None = None) -> Any:
    return keras.Sequential([keras.Input(batch_shape=(batch, STEPS, FEATURES)), *parts])


def _branch() -> Any:
    x = keras.Input((STEPS, FEATURES))
    sequence = layers.LSTM(4, return_sequences=True, name="shared")(x)
    last = layers.LSTM(4, name="last")(sequence)
    mean = layers.GlobalAveragePooling1D(name="mean")(sequence)
    return keras.Model(x, layers.Concatenate()([last, mean]))


def _flex() -> Any:
    x = keras.Input((STEPS, FEATURES))
    return keras.Model(x, layers.GRU(4)(keras.ops.erfinv(0.5 * keras.ops.tanh(x))))


MODELS: dict[str, Callable[[], Any]] = {
    "rnn": lambda: _chain(layers.SimpleRNN(6), layers.Dense(2)),
    "gru_before": lambda: _chain(layers.GRU(8, reset_after=False), layers.Dense(2)),
    "gru_sequence": lambda: _chain(
        layers.GRU(8, return_sequences=True), layers.TimeDistributed(layers.Dense(2))
    ),
    "stack": lambda: _chain(
        layers.LSTM(8, return_sequences=True, name="lower"),
        layers.Dense(5, activation="relu"),
        layers.Dropout(0.2),
        layers.LSTM(6, name="upper"),
        layers.Dense(2),
    ),
    "bidirectional": lambda: _chain(
        layers.Bidirectional(layers.LSTM(8, return_sequences=True), name="both"),
        layers.Bidirectional(layers.GRU(5)),
        layers.Dense(2),
    ),
    "backward": lambda: _chain(
        layers.SimpleRNN(8, go_backwards=True, return_sequences=True, name="back"),
        layers.GRU(4, use_bias=False, recurrent_activation="hard_sigmoid"),
    ),
    "stateful": lambda: _chain(layers.LSTM(8, stateful=True), layers.Dense(2), batch=4),
    "any_cell": lambda: _chain(layers.RNN(layers.SimpleRNNCell(4)), layers.Dense(2)),
    "convolution": lambda: _chain(
        layers.Conv1D(8, 4, strides=2, name="filters"),
        layers.GRU(2, activation="relu"),
        layers.Dense(1),
    ),
    "masked": lambda: _chain(layers.Masking(0.0, name="skip"), layers.LSTM(4)),
    "repeated": lambda: _chain(
        layers.LSTM(4), layers.RepeatVector(5, name="again"), layers.LSTM(4)
    ),
    "nested_cells": lambda: _chain(
        layers.RNN(layers.StackedRNNCells([layers.SimpleRNNCell(4), layers.LSTMCell(5)]))
    ),
    # large enough for dynamic range quantisation, which leaves small weights alone
    "wide": lambda: _chain(layers.SimpleRNN(40), layers.Dense(2)),
    "branch": _branch,
    "flex": _flex,
}


def save(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Save the named models as `<directory>/<name>.keras`."""
    for name in request["names"]:
        keras.utils.set_random_seed(3)
        model = MODELS[name]()
        random = np.random.default_rng(3)
        model.set_weights(
            [
                (item + random.normal(0.0, 0.2, item.shape)).astype(np.float32)
                for item in model.get_weights()
            ]
        )
        model.save(Path(request["directory"]) / f"{name}.keras")
    return {}, {}


if __name__ == "__main__":
    serve(save)
