"""Models as Keras 2 saved them, with what Keras 2 says to an input, by a worker.

    python -m tests.support.keras2_models: request {"directory": "..."}

Answers the names of the files, and for each the input and the output of Keras 2: `NAME.x`,
`NAME.y`. Weights are random, biases too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tensorflow as tf
import tf_keras
from tf_keras import layers
from tf_keras.src.layers.rnn.cudnn_gru import CuDNNGRU
from tf_keras.src.layers.rnn.cudnn_lstm import CuDNNLSTM
from tflm_hil.worker import Arrays, serve

STEPS, FEATURES = 10, 3


def _chain(
    *parts: Any, batch: int | None = None, shape: tuple[int, ...] = (STEPS, FEATURES)
) -> Any:
    return tf_keras.Sequential([tf_keras.Input(batch_shape=(batch, *shape)), *parts])


def _functional() -> Any:
    """Two calls of one layer, states handed on, functions of TensorFlow, two outputs."""
    x = tf_keras.Input((STEPS, FEATURES))
    same = layers.Dense(FEATURES)
    y = same(layers.ReLU()(same(x))) * 2.0 + x
    sequence, h, c = layers.LSTM(5, return_sequences=True, return_state=True)(y)
    decoded = layers.LSTM(5)(layers.RepeatVector(4)(h), initial_state=[h, c])
    mean = tf.reduce_mean(sequence, axis=1)
    last = sequence[:, -1, :]
    return tf_keras.Model(
        x, [layers.Dense(2)(tf.concat([mean, last], -1)), layers.Dense(1)(decoded)]
    )


def _wrapped() -> Any:
    inner = tf_keras.Sequential([tf_keras.Input((FEATURES,)), layers.Dense(4), layers.Dense(2)])
    return _chain(
        layers.Masking(0.5),
        layers.TimeDistributed(inner),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True), merge_mode="sum"),
        layers.RNN([layers.LSTMCell(4), layers.GRUCell(3, recurrent_activation="hard_sigmoid")]),
    )


def _plain() -> Any:
    return _chain(
        layers.Conv1D(4, 3, padding="same"), layers.BatchNormalization(),
        layers.LeakyReLU(alpha=0.2), layers.ThresholdedReLU(0.1), layers.PReLU(),
        layers.LayerNormalization(), layers.SimpleRNN(4, activation="hard_sigmoid"),
        layers.Dropout(0.2), layers.Dense(2, "selu"),
    )  # fmt: skip


def _normalised() -> Any:
    layer = layers.Normalization()
    layer.adapt(np.random.default_rng(0).normal(3, 2, (50, STEPS, FEATURES)).astype(np.float32))
    return _chain(layer, layers.GRU(4))


MODELS: dict[str, Callable[[], Any]] = {
    "gru": lambda: _chain(layers.GRU(6), layers.Dense(2)),
    "gru_before": lambda: _chain(
        layers.GRU(6, reset_after=False, recurrent_activation="hard_sigmoid"), layers.Dense(2)
    ),
    "functional": _functional,
    "wrapped": _wrapped,
    "plain": _plain,
    "normalised": _normalised,
    "words": lambda: _chain(layers.Embedding(20, 4), layers.LSTM(3), shape=(STEPS,)),
    "stateful": lambda: _chain(layers.GRU(4, stateful=True), batch=1),
}
FORMS = {"h5": "h5", "keras": "keras", "saved": "tf"}
# What is saved in every form; the others as .h5 only.
EVERYWHERE = ("gru", "functional", "normalised")


def save(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Save all models; answer `files` and the arrays."""
    directory = Path(request["directory"])
    generator = np.random.default_rng(5)
    files: list[str] = []
    arrays: Arrays = {}

    def keep(name: str, model: Any, form: str) -> None:
        model.save(directory / f"{name}.{form}", save_format=FORMS[form])
        files.append(f"{name}.{form}")
        shape = (model.input_shape[0] or 3, *model.input_shape[1:])
        if len(shape) > 2:
            x = generator.uniform(-1, 1, shape)
            x[:, -2:] = 0.5  # what `wrapped` masks
        else:
            x = np.floor(generator.uniform(0, 20, shape))
        outputs = tf.nest.flatten(model(x.astype(np.float32), training=False))
        arrays[f"{name}.{form}.x"] = x.astype(np.float32)
        arrays[f"{name}.{form}.y"] = np.concatenate([np.ravel(item) for item in outputs])

    for name, build in MODELS.items():
        model = build()
        if name != "normalised":
            randomise(model, generator)
        for form in FORMS if name in EVERYWHERE else ("h5",):
            if getattr(model, "stateful", False):
                model.reset_states()
            keep(name, model, form)
    _save_refused(directory)
    _save_older(directory, files, arrays, generator)
    return {"files": files}, arrays


def randomise(model: Any, generator: np.random.Generator) -> None:
    """Random weights, all positive where a variance is wanted."""
    model.set_weights(
        [
            generator.uniform(0.5, 1.5, item.shape)
            if "variance" in item.name
            else generator.normal(0, 0.4, item.shape)
            for item in model.weights
        ]
    )


def _save_older(
    directory: Path, files: list[str], arrays: Arrays, generator: np.random.Generator
) -> None:
    """Files as Keras 2.1 had them: layers for one GPU, and a GRU that does not say its form."""
    x = generator.uniform(-1, 1, (3, STEPS, FEATURES)).astype(np.float32)
    for name, gpu, cpu in (
        ("cudnn_lstm", CuDNNLSTM(4), layers.LSTM(4)),
        ("cudnn_gru", CuDNNGRU(4), layers.GRU(4)),
    ):
        model, same = _chain(gpu), _chain(cpu)
        randomise(model, generator)
        model.save(directory / f"{name}.h5")
        with h5py.File(directory / f"{name}.h5", "r+") as file:
            config = json.loads(file.attrs["model_config"])
            config["config"]["layers"][1].update(class_name=type(cpu).__name__)
            file.attrs["model_config"] = json.dumps(config).encode()
        # what Keras 2 itself makes of such weights in the layer that runs anywhere
        same.load_weights(directory / f"{name}.h5")
        model.save(directory / f"{name}.h5")
        files.append(f"{name}.h5")
        arrays |= {f"{name}.h5.x": x, f"{name}.h5.y": np.ravel(same(x))}
    model = _chain(layers.GRU(4, reset_after=False))
    model.save(directory / "gru_2_1.h5")
    with h5py.File(directory / "gru_2_1.h5", "r+") as file:
        config = json.loads(file.attrs["model_config"])
        del config["config"]["layers"][1]["config"]["reset_after"]
        file.attrs["model_config"] = json.dumps(config).encode()
    files.append("gru_2_1.h5")
    arrays |= {"gru_2_1.h5.x": x, "gru_2_1.h5.y": np.ravel(model(x))}


class Doubled(layers.Layer):  # type: ignore[misc]
    """A class that no other process knows."""

    def call(self, inputs: Any) -> Any:
        """Twice."""
        return inputs * 2.0


class Own(tf_keras.Model):  # type: ignore[misc]
    """A model whose graph is in its code."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = layers.GRU(4)

    def call(self, inputs: Any) -> Any:
        """One layer."""
        return self.gru(inputs)


def _save_refused(directory: Path) -> None:
    """Files that are refused, each with its reason."""
    _chain(layers.Lambda(lambda t: t * 0.5, name="half"), layers.GRU(4)).save(
        directory / "lambda.h5"
    )
    _chain(Doubled(name="twice"), layers.GRU(4)).save(directory / "own_layer.h5")
    own = Own()
    own(np.zeros((1, STEPS, FEATURES), np.float32))
    own.save(directory / "own_model.saved", save_format="tf")
    tf.saved_model.save(tf.Module(), str(directory / "bare.saved"))
    _chain(layers.GRU(4)).save_weights(directory / "weights_only.h5")


if __name__ == "__main__":
    serve(save)
