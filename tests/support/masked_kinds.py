"""Kinds of Keras models with masks, see `tests.support.model_kinds`."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from tests.support.model_kinds import (
    COUNT,
    FEATURES,
    STEPS,
    WORDS,
    Made,
    chain,
    ids_input,
    kind,
    padded,
    words,
    x_input,
)
from tests.support.own_layers import Skip


@kind
def masking() -> Made:
    return chain(layers.Masking(-5.0), layers.LSTM(5), layers.Dense(2)), padded(-5.0)


@kind
def embedding_masked_forward() -> Made:
    table = layers.Embedding(WORDS, 4, mask_zero=True)
    parts = (layers.GRU(4, return_sequences=True), layers.LSTM(3), layers.Dense(2))
    return chain(table, *parts, before=ids_input()), words()


@kind
def masking_nested() -> Made:
    parts = (layers.Masking(-5.0), layers.GRU(4, return_sequences=True))
    inner = keras.Sequential([x_input(), *parts])
    return chain(inner, layers.LSTM(4), layers.Dense(2)), padded(-5.0)


@kind
def masking_in_a_branch() -> Made:
    x = x_input()
    masked = layers.Masking(0.0)(x)
    one = layers.Bidirectional(layers.LSTM(4))(masked)
    two = layers.GRU(3)(layers.Dense(4)(x))
    return keras.Model(x, layers.Dense(2)(layers.Concatenate()([one, two]))), padded(0.0)


@kind
def masking_pooled() -> Made:
    parts = (layers.LSTM(4, return_sequences=True), layers.GlobalAveragePooling1D())
    return chain(layers.Masking(0.0), *parts, layers.Dense(2)), padded(0.0)


@kind
def masking_residual() -> Made:
    x = x_input()
    masked = layers.Masking(-5.0)(x)
    y = layers.GRU(FEATURES, return_sequences=True)(masked)
    z = layers.Concatenate()([layers.Add()([y, masked]), y])
    return keras.Model(x, layers.Dense(2)(layers.LSTM(4)(z))), padded(-5.0)


@kind
def masking_multiplied() -> Made:
    """Two masks, of which a step needs only one."""
    x, gate = x_input(), x_input("gate")
    both = layers.Multiply()([layers.Masking(-5.0)(x), layers.Masking(0.0)(gate)])
    samples = {"x": padded(-5.0), "gate": padded(0.0)[::-1].copy()}
    return keras.Model([x, gate], layers.Dense(2)(layers.LSTM(4)(both))), samples


@kind
def masking_in_an_own_layer() -> Made:
    return chain(Skip(4, -5.0), layers.Dense(2)), padded(-5.0)


@kind
def masking_near_data() -> Made:
    """Data comes within 2 % of the mask value without being it."""
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (COUNT, STEPS, 1)).astype(np.float32)
    x[:, :2] = -0.99
    for number, row in enumerate(x):
        row[STEPS - number % 4 :] = -1.0
    before = keras.Input((STEPS, 1))
    return chain(layers.Masking(-1.0), layers.LSTM(5), layers.Dense(2), before=before), x
