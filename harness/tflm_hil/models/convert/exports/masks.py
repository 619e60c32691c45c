"""Padding found in a window, by operators that TFLM has and that integers survive.

Keras asks whether every feature of a row equals the mask value. On an integer scale a value other
than 0 is only near to itself, so a row counts as padding here if it is within `TOLERANCE` of the
value; what is compared with the Keras model before conversion tells if that makes a difference.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tflm_hil.models.convert.exports.refusals import RefusedError
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.quantize import Quantization

# Share of the mask value. 0 is on every integer scale exactly.
TOLERANCE = 0.02


def kept_rows(x: Any, value: float) -> Any:
    """`[1, T, F]` → `[T, 1]` bool: the rows that are not `value` in every feature."""
    steps, features = int(x.shape[1]), int(x.shape[2])
    rows = tf.reshape(x, (steps, features))
    distance = tf.abs(rows - np.float32(value))
    return tf.reduce_max(distance, axis=1, keepdims=True) > np.float32(TOLERANCE * abs(value))


def check_scale(content: bytes, model: Any) -> None:
    """Raise RefusedError if an integer model cannot tell the mask value from others.

    Its input scale must hold the value (there must be padding among the representative data), and
    two steps of it must be smaller than the tolerance.
    """
    values = [layer.mask_value for layer in model.layers if type(layer).__name__ == "Masking"]
    inspection = inspect(content)
    named = inspection.signatures[0].inputs if inspection.signatures else {}
    tensors = {tensor.index: tensor for tensor in inspection.inputs}
    scale = Quantization.of(tensors.get(named.get("x", -1), inspection.inputs[0]))
    for value in values if scale.scale else ():
        nearest = float(scale.dequantize(scale.quantize(np.array([value], np.float32)))[0])
        if abs(nearest - value) > scale.scale:
            raise RefusedError(
                f"the mask value {value:g} lies beyond the input's scale, so that padding would be"
                " read as data: the representative data holds no padding",
                "calibrate with sequences of different lengths, padded as the model gets them",
            )
        # two roundings lie between the value and what it is compared as
        if value and 2.0 * scale.scale > TOLERANCE * abs(value):
            raise RefusedError(
                f"the mask value {value:g} is no more than {abs(value) / scale.scale:.0f} steps of"
                " the input's integer scale away from 0: data next to it would pass for padding",
                "scale the inputs to about ±1 and pad with 0 or -1",
            )
