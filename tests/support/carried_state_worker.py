"""A Keras GRU that takes its state as an input and gives it back as an output, and its int8 form.

Request {"directory": ...}: writes `model.keras` and `int8.tflite` there. Inputs `frame` `[1, 3]`
and `gru_prev_state` `[6]`; outputs: three values, and the next state, which Keras names after its
layer and the converter by number.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tflm_hil.worker import Arrays, serve

UNITS = 6


def build() -> keras.Model:
    keras.utils.set_random_seed(8)
    frame = keras.Input((1, 3), batch_size=1, name="frame")
    state = keras.Input((UNITS,), batch_size=1, name="gru_prev_state")
    y, following = keras.layers.GRU(UNITS, return_state=True, unroll=True, name="gru")(
        frame, initial_state=state
    )
    return keras.Model([frame, state], [keras.layers.Dense(3)(y), following])


def main(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    directory = Path(request["directory"])
    model = build()
    model.save(directory / "model.keras")
    random = np.random.default_rng(2)

    def representative() -> Iterator[dict[str, np.ndarray]]:
        held = np.zeros((1, UNITS), np.float32)
        for _ in range(400):  # long enough to see how far the state goes
            frame = random.uniform(-1, 1, (1, 1, 3)).astype(np.float32)
            yield {"frame": frame, "gru_prev_state": held}
            held = np.asarray(model([frame, held])[1])

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (directory / "int8.tflite").write_bytes(converter.convert())
    return {}, {}


if __name__ == "__main__":
    serve(main)
