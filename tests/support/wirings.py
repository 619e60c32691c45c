"""Functional Keras models in which layers are wired in more ways than one behind the other.

Each function takes the input tensor `[N, 8, 3]` and gives the output for `layer_zoo`.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

STEPS, FEATURES, SEQUENCES = 8, 3, 6
PADDING = -2.0


def sequence(**options: Any) -> Any:
    return layers.GRU(4, return_sequences=True, **options)


def residual(x: Any) -> Any:
    y = layers.Dense(4)(x)
    return layers.GRU(3)(layers.Add(name="sum")([y, sequence()(y)]))


def side_by_side(x: Any) -> Any:
    return layers.Concatenate(name="beside")([layers.GRU(3)(x), layers.LSTM(2)(x)])


def nested(x: Any) -> Any:
    inner = keras.Sequential(
        [keras.Input((STEPS, FEATURES)), sequence(), keras.Sequential([layers.Dense(5)])],
        name="inner",
    )
    return layers.LSTM(3)(inner(x))


def shared_cell(x: Any) -> Any:
    cell = layers.GRUCell(FEATURES)
    return layers.RNN(cell)(layers.RNN(cell, return_sequences=True, go_backwards=True)(x))


def called_twice(x: Any) -> Any:
    again = layers.GRU(FEATURES, return_sequences=True, name="again")
    return layers.Dense(2)(again(again(x)))


def state_used(x: Any) -> Any:
    _, h, _ = layers.LSTM(4, return_state=True, name="gives")(x)
    return layers.Dense(2)(h)


def state_unused(x: Any) -> Any:
    y, _, _ = layers.LSTM(4, return_state=True, return_sequences=True)(x)
    return layers.Dense(2)(y)


def from_input(x: Any) -> Any:
    return layers.GRU(3, name="begun")(x, initial_state=x[:, 0])


def from_constant(x: Any) -> Any:
    x = layers.Masking(PADDING)(x)
    start = np.array([[0.4, -0.6, 0.9]], "f") * np.ones((SEQUENCES, 1), "f")
    y = layers.GRU(3, return_sequences=True)(x, initial_state=start)
    return layers.LSTM(2)(y)


def masked_begun(x: Any) -> Any:
    """Given its mask by name, which Keras leaves out beside an initial state."""
    x = layers.Masking(PADDING)(x)
    start = np.array([[0.4, -0.6, 0.9]], "f") * np.ones((SEQUENCES, 1), "f")
    return layers.GRU(3, return_sequences=True)(x, initial_state=start, mask=x._keras_mask)


def halves_begun(x: Any) -> Any:
    states = [np.full((1, 3), value, "f") for value in (0.3, -0.5, 0.8, 0.1)]
    return layers.Bidirectional(layers.LSTM(3))(x, initial_state=states)


def by_hand(x: Any) -> Any:
    return layers.GRU(3, name="told")(x, mask=keras.ops.any(x > 0.5, axis=-1))


def arithmetic(x: Any) -> Any:
    return layers.GRU(3)(2.0 * x)


def decoded(x: Any, *, wrong: bool = False) -> Any:
    """An encoder, and a decoder that takes what it put out."""
    _, h, c = layers.LSTM(5, return_state=True, name="encoder")(x)
    decoder = layers.LSTM(5, return_state=True, name="decoder")
    head = layers.Dense(2, name="head")
    y, outputs = 0.0 * x[:, 0, :2] + np.array([1.0, 0.0], "f"), []
    for _ in range(3):
        y, h, c = decoder(keras.ops.expand_dims(y, 1), initial_state=[c, h] if wrong else [h, c])
        y = head(y)
        outputs.append(y)
    return keras.ops.stack(outputs, axis=1)


def attention(x: Any) -> Any:
    return layers.GRU(3)(layers.MultiHeadAttention(2, 3, name="looks")(x, x))
