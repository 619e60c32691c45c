"""Three layers written otherwise than Keras does it: what Keras makes of them, TFLM cannot run.

RepeatVector      a broadcast, where Keras makes a TILE
TimeDistributed   the steps as a batch, where Keras cuts the window into steps, calls the layer for
                  each and stacks what comes: an operator a step, and of one rank more than
                  STRIDED_SLICE takes where a step is an image
Embedding         a GATHER of indices as they are, where Keras counts negative ones from the end
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tflm_hil.models.layer_kinds import IDLE

AT_ONCE = IDLE | {"Activation", "Dense"}
"""Layers that take a window `[N, T, F]` as they take a step: one product for all steps."""


def rewrite(model: Any) -> None:
    """Exchange the `call` of such layers, wherever they are in the model."""
    for layer in model._flatten_layers():
        for kind, call in CALLS.items():
            if type(layer) is kind:
                object.__setattr__(layer, "call", call(layer))


def _repeat(layer: Any) -> Callable[..., Any]:
    def call(inputs: Any) -> Any:
        batch, features = inputs.shape
        return tf.broadcast_to(inputs[:, tf.newaxis], (batch, layer.n, features))

    return call


def _distribute(layer: Any) -> Callable[..., Any]:
    def call(inputs: Any, **_: Any) -> Any:  # whether in training, and the mask
        if type(layer.layer).__name__ in AT_ONCE and len(inputs.shape) == 3:
            return layer.layer(inputs)
        batch, steps = inputs.shape[:2]
        given = tf.reshape(inputs, (batch * steps, *inputs.shape[2:]))
        output = layer.layer(given)
        return tf.reshape(output, (batch, steps, *output.shape[1:]))

    return call


def _look_up(layer: Any) -> Callable[..., Any]:
    def call(inputs: Any) -> Any:
        indices = inputs if inputs.dtype == tf.int32 else tf.cast(inputs, tf.int32)
        return tf.gather(tf.convert_to_tensor(layer.embeddings), indices)

    return call


CALLS: dict[type[Any], Callable[[Any], Callable[..., Any]]] = {
    keras.layers.RepeatVector: _repeat,
    keras.layers.TimeDistributed: _distribute,
    keras.layers.Embedding: _look_up,
}
