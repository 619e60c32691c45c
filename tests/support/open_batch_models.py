"""Models with an open batch as converters write them, fixed to 1 and held against the open ones."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from tflm_hil.models.convert.batch_worker import compare
from tflm_hil.models.tflite.fix_batch import fix_batch
from tflm_hil.worker import Answer, Arrays, serve_stream

STEPS, FEATURES = 6, 3
SHAPE = (STEPS, FEATURES)
KINDS = tf.lite.OpsSet


def _chain(*parts: Any, shape: tuple[int, ...] = SHAPE) -> Any:
    return keras.Sequential([keras.Input(shape), *parts])


def lstm() -> Any:
    return _chain(layers.LSTM(4, unroll=True), layers.Dense(2))


def every_step() -> Any:
    gru = layers.GRU(4, unroll=True, return_sequences=True)
    return _chain(gru, layers.TimeDistributed(layers.Dense(2)))


def pictures() -> Any:
    """Steps and batch become one axis on the way."""
    seen = layers.TimeDistributed(layers.Conv2D(4, 3))
    flat = layers.TimeDistributed(layers.Flatten())
    return _chain(seen, flat, layers.SimpleRNN(4, unroll=True), shape=(5, 8, 8, 1))


def indices() -> Any:
    return keras.Sequential(
        [
            keras.Input((STEPS,), dtype="int32"),
            layers.Embedding(50, 4),
            layers.GRU(4, unroll=True, go_backwards=True),
            layers.Dense(2),
        ]
    )


def attention() -> Any:
    """Two inputs, two outputs, RepeatVector, a product of two computed matrices."""
    wave, context = keras.Input(SHAPE, name="wave"), keras.Input((4,), name="context")
    read = layers.GRU(4, unroll=True, return_sequences=True)(wave)
    joined = layers.Concatenate()([read, layers.RepeatVector(STEPS)(context)])
    every = layers.TimeDistributed(layers.Dense(3))(joined)
    seen = layers.Dot(axes=1)([layers.Softmax(axis=1)(layers.Dense(1)(every)), every])
    return keras.Model([wave, context], [layers.Dense(2)(layers.Flatten()(seen)), every])


def normalised() -> Any:
    middle = [layers.Flatten(), layers.Dense(4), layers.Reshape((2, 2))]
    return _chain(*middle, layers.LayerNormalization(), layers.Dense(2))


def _rows(model: Any) -> Iterator[list[NDArray[np.float32]]]:
    random = np.random.default_rng(0)
    for _ in range(20):
        yield [random.normal(size=(1, *model.input_shape[1:])).astype(np.float32)]


def _converted(model: Any, dtype: str) -> bytes:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if dtype == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _rows(model)
        converter.target_spec.supported_ops = [KINDS.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def own_loop() -> bytes:
    """A WHILE whose variables have an open batch, from a SavedModel with a signature."""
    spec = tf.TensorSpec((None, *SHAPE), tf.float32, name="signal")
    random = np.random.default_rng(0)
    kernel = tf.constant(random.normal(size=(FEATURES, 4)), tf.float32)
    recurrent = tf.constant(random.normal(size=(4, 4)), tf.float32)

    def call(signal: Any) -> dict[str, Any]:
        def body(i: Any, window: Any, state: Any) -> tuple[Any, Any, Any]:
            row = tf.reshape(window[:, 0], (-1, FEATURES))
            turned = tf.concat([window[:, 1:], window[:, :1]], 1)
            return i + 1, turned, tf.tanh(row @ kernel + state @ recurrent)

        start = [tf.constant(0), signal, tf.zeros((tf.shape(signal)[0], 4))]
        shapes = [tf.TensorShape(shape) for shape in ([], [None, *SHAPE], [None, 4])]
        left = tf.while_loop(lambda i, *_: i < STEPS, body, start, shape_invariants=shapes)
        return {"state": left[2]}

    module = tf.Module()
    module.call = tf.function(call, input_signature=[spec], autograph=False)
    directory = tempfile.mkdtemp(prefix="tflm-hil-test-")
    tf.saved_model.save(module, directory, signatures=module.call)
    return bytes(tf.lite.TFLiteConverter.from_saved_model(directory).convert())


MODELS: dict[str, Callable[[], bytes]] = {
    "lstm float32": lambda: _converted(lstm(), "float32"),
    "lstm int8": lambda: _converted(lstm(), "int8"),
    "every_step int8": lambda: _converted(every_step(), "int8"),
    "pictures float32": lambda: _converted(pictures(), "float32"),
    "indices float32": lambda: _converted(indices(), "float32"),
    "attention float32": lambda: _converted(attention(), "float32"),
    "normalised float32": lambda: _converted(normalised(), "float32"),
    "own_loop float32": own_loop,
}


def work(_: dict[str, Any], __: Arrays) -> Iterator[Answer]:
    """For every model how many output elements differ, and both flatbuffers."""
    keras.utils.set_random_seed(1)
    for name, make in MODELS.items():
        content = make()
        arrays = {
            "open": np.frombuffer(content, np.uint8),
            "fixed": np.frombuffer(fix_batch(content), np.uint8),
        }
        yield {"name": name, **compare({}, arrays)[0]}, arrays


if __name__ == "__main__":
    serve_stream(work)
