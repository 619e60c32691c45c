"""Keras models whose int8 form is not them, or that hold no numbers, with their data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from tflm_hil.worker import Arrays, serve

SHAPE = (12, 3)


def _waves(count: int = 64) -> NDArray[np.float32]:
    return np.random.default_rng(0).uniform(-1, 1, (count, *SHAPE)).astype(np.float32)


def _weather() -> tuple[Any, NDArray[np.float32]]:
    """A pressure in pascal and a small number beside it: one scale does not serve both."""
    x = (_waves() * [3000, 0.03, 0.03] + [101325, 0, 0]).astype(np.float32)
    scale = layers.Normalization(mean=[101325.0, 0.0, 0.0], variance=[1e6, 1e-4, 1e-4])
    model = keras.Sequential([keras.Input(SHAPE), scale, layers.LSTM(8), layers.Dense(1)])
    return model, x


def _normalised() -> tuple[Any, NDArray[np.float32]]:
    """The same on data that were normalised outside of the model."""
    return keras.Sequential([keras.Input(SHAPE), layers.LSTM(8), layers.Dense(1)]), 3 * _waves()


def _joined() -> tuple[Any, NDArray[np.float32]]:
    """An input joined with something fifty times larger shares its scale."""
    x = keras.Input(SHAPE, name="wave")
    large = layers.Rescaling(50.0)(layers.Dense(4)(x))
    y = layers.Dense(2, name="head")(layers.LSTM(8)(layers.Concatenate()([x, large])))
    return keras.Model(x, y), _waves()


def _clipped() -> tuple[Any, NDArray[np.float32]]:
    """Values beyond the scale that the model cuts off itself."""
    x = keras.Input(SHAPE, name="wave")
    y = layers.Dense(2)(layers.LSTM(8)(layers.ReLU(max_value=0.5)(x)))
    return keras.Model(x, y), _waves()


def _infinite_weight() -> tuple[Any, NDArray[np.float32]]:
    inner = keras.Sequential([layers.LSTM(8, name="memory")], name="encoder")
    model = keras.Sequential([keras.Input(SHAPE), inner, layers.Dense(2, name="head")])
    weights = model.get_weights()
    weights[1][3, 4] = np.inf
    model.set_weights(weights)
    return model, _waves()


def _two_inputs() -> tuple[Any, dict[str, NDArray[Any]]]:
    """Integers and floats side by side, under names that no Python argument has."""
    ids = keras.Input((12,), dtype="int32", name="token ids")
    wave = keras.Input(SHAPE, name="wave")
    read = layers.GRU(6)(layers.Concatenate()([layers.Embedding(50, 4)(ids), wave]))
    model = keras.Model([ids, wave], [layers.Dense(3, activation="softmax", name="word")(read)])
    numbers = np.random.default_rng(0).integers(0, 50, (64, 12))
    return model, {"wave": _waves(), "token ids": numbers, "labels": numbers[:, 0] % 3}


def _overflowing() -> tuple[Any, NDArray[np.float32]]:
    """Finite weights, infinite outputs."""
    x = keras.Input(SHAPE, name="wave")
    y = layers.Dense(2, activation="exponential", name="odds")(layers.LSTM(8)(x))
    model = keras.Model(x, y)
    weights = model.get_weights()
    weights[-1][1] = 200.0
    model.set_weights(weights)
    return model, _waves()


def _token_ids(dtype: str) -> tuple[Any, NDArray[Any]]:
    ids = np.random.default_rng(0).integers(0, 1000, (64, 12))
    table = layers.Embedding(1000, 4)
    model = keras.Sequential(
        [keras.Input((12,), dtype=dtype), table, layers.GRU(8), layers.Dense(2)]
    )
    return model, ids


MODELS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "float_ids": lambda: _token_ids("float32"),
    "int_ids": lambda: _token_ids("int32"),
    "weather": _weather,
    "normalised": _normalised,
    "joined": _joined,
    "clipped": _clipped,
    "infinite_weight": _infinite_weight,
    "overflowing": _overflowing,
    "two_inputs": _two_inputs,
}


def save(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """`NAME.keras` of all models in `directory`, `NAME.npy` or, of several inputs, `NAME.npz`."""
    directory = Path(request["directory"])
    for name, make in MODELS.items():
        keras.utils.set_random_seed(1)
        model, data = make()
        model.save(directory / f"{name}.keras")
        if isinstance(data, dict):
            np.savez(directory / f"{name}.npz", allow_pickle=False, **data)
        else:
            np.save(directory / f"{name}.npy", data)
    return {}, {}


if __name__ == "__main__":
    serve(save)
