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
from tflm_hil.worker import Arrays, serve

STEPS, FEATURES = 12, 3


def _chain(*parts: Any, batch: int | None = None) -> Any:
    return keras.Sequential([keras.Input(batch_shape=(batch, STEPS, FEATURES)), *parts])


def _branch() -> Any:
    x = keras.Input((STEPS, FEATURES))
    sequence = layers.LSTM(4, return_sequences=True, name="shared")(x)
    last = layers.LSTM(4, name="last")(sequence)
    mean = layers.GlobalAveragePooling1D(name="mean")(sequence)
    return keras.Model(x, layers.Concatenate()([last, mean]))


def _autoregressive() -> Any:
    """An encoder whose state starts a decoder, which reads what it wrote one step before."""
    x = keras.Input((STEPS, FEATURES))
    _, h, c = layers.LSTM(5, return_state=True, name="encoder")(x)
    decoder = layers.LSTM(5, return_sequences=True, return_state=True, name="decoder")
    head = layers.Dense(2, activation="tanh", name="head")
    token, outputs = x[:, -1:, :2], []
    for _ in range(4):
        y, h, c = decoder(token, initial_state=[h, c])
        token = head(y)
        outputs.append(token)
    return keras.Model(x, layers.Concatenate(axis=1)(outputs))


def _two_outputs() -> Any:
    x = keras.Input((STEPS, FEATURES))
    sequence, h = layers.GRU(4, return_sequences=True, return_state=True, name="shared")(x)
    return keras.Model(x, [layers.Dense(2, name="wide")(sequence), layers.Dense(3)(h), h])


def _two_inputs() -> Any:
    x, seed = keras.Input((STEPS, FEATURES), name="x"), keras.Input((4,), name="seed")
    return keras.Model([x, seed], layers.GRU(4, name="begun")(x, initial_state=seed))


def _given_state() -> Any:
    x = keras.Input((STEPS, FEATURES))
    return keras.Model(x, layers.GRU(4, name="begun")(x, keras.ops.full((1, 4), 0.5)))


def _nested() -> Any:
    inner = _chain(layers.LSTM(4, return_sequences=True), layers.Dense(3))
    return _chain(inner, layers.SimpleRNN(4), layers.Dense(2))


def _stateful(*parts: Any) -> Any:
    return _chain(
        layers.LSTM(8, stateful=True, return_sequences=True, name="lower"),
        layers.GRU(4, stateful=True, return_sequences=True, name="upper"),
        layers.Dense(2),
        *parts,
        batch=1,
    )


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
    "masked": lambda: _chain(layers.Masking(-9.0, name="skip"), layers.LSTM(4)),
    "repeated": lambda: _chain(
        layers.LSTM(4), layers.RepeatVector(5, name="again"), layers.LSTM(4)
    ),
    "masked_both": lambda: _chain(
        layers.Masking(-2.0, name="skip"),
        layers.Bidirectional(layers.GRU(4, return_sequences=True)),
        layers.TimeDistributed(layers.Dense(3, activation="tanh")),
        layers.LSTM(4, return_sequences=True, zero_output_for_mask=True),
        layers.RNN(layers.SimpleRNNCell(4)),
        layers.Dense(2),
    ),
    "masked_mean": lambda: _chain(
        layers.Masking(0.0),
        layers.LSTM(4, return_sequences=True),
        layers.GlobalAveragePooling1D(name="mean"),
    ),
    "echo": lambda: _chain(
        layers.LSTM(6),
        layers.RepeatVector(5),
        layers.LSTM(6, return_sequences=True),
        layers.TimeDistributed(layers.Dense(2)),
    ),
    "masked_halves": lambda: _chain(
        layers.Masking(-9.0),
        layers.Bidirectional(layers.GRU(4, return_sequences=True), merge_mode="sum"),
    ),
    "given_state": _given_state,
    "normalised": lambda: _chain(
        layers.Conv1D(4, 3, padding="same", strides=2, activation="relu"),
        layers.BatchNormalization(),
        layers.Conv1D(4, 2, padding="causal", dilation_rate=2),
        layers.ReLU(max_value=2.0, negative_slope=0.1),
        layers.GRU(4, return_sequences=True),
        layers.GlobalAveragePooling1D(),
        layers.Dense(3, activation="softmax"),
    ),
    "autoregressive": _autoregressive,
    "two_outputs": _two_outputs,
    "two_inputs": _two_inputs,
    "nested": _nested,
    "stateful_stack": _stateful,
    "nested_cells": lambda: _chain(
        layers.RNN(layers.StackedRNNCells([layers.SimpleRNNCell(4), layers.LSTMCell(5)]))
    ),
    # large enough for dynamic range quantisation, which leaves small weights alone
    "wide": lambda: _chain(layers.SimpleRNN(40), layers.Dense(2)),
    "branch": _branch,
    "both_gru": lambda: _chain(layers.Bidirectional(layers.GRU(4)), layers.Dense(2)),
    "both_gru_before": lambda: _chain(
        layers.Bidirectional(layers.GRU(4, reset_after=False)), layers.Dense(2)
    ),
    "flex": _flex,
    # TFLite has an operator for it, and no engine has
    "gelu": lambda: _chain(layers.SimpleRNN(4), layers.Dense(2, activation="gelu")),
    "any_length": lambda: keras.Sequential([keras.Input((None, FEATURES)), layers.GRU(4)]),
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
