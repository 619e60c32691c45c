"""A Keras model of two inputs and two outputs, and what the converter makes of it.

Request {"directory": ...}: writes `model.keras` and `int8.tflite` there. The Keras model takes
`signal` `[8, 3]` and then `context` `[2]`; the converter puts `context` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tflm_hil.worker import Arrays, serve


def build() -> keras.Model:
    keras.utils.set_random_seed(5)
    signal = keras.Input((8, 3), batch_size=1, name="signal")
    context = keras.Input((2,), batch_size=1, name="context")
    h = keras.layers.GRU(4, unroll=True)(signal)
    h = keras.layers.Concatenate()([h, context])
    kind = keras.layers.Dense(3, activation="softmax")(h)
    return keras.Model([signal, context], [kind, keras.layers.Dense(1)(h)])


def main(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    directory = Path(request["directory"])
    model = build()
    model.save(directory / "model.keras")
    random = np.random.default_rng(2)

    def representative() -> Iterator[dict[str, np.ndarray]]:
        for _ in range(40):
            yield {
                "signal": random.normal(size=(1, 8, 3)).astype(np.float32),
                "context": random.normal(size=(1, 2)).astype(np.float32),
            }

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    (directory / "int8.tflite").write_bytes(converter.convert())
    return {}, {}


if __name__ == "__main__":
    serve(main)
