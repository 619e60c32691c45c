"""Layers written otherwise than Keras does it: what Keras makes of them, TFLM cannot run.

RepeatVector      a broadcast, where Keras makes a TILE
UpSampling1D      likewise
TimeDistributed   the steps as a batch, where Keras cuts the window into steps, calls the layer for
                  each and stacks what comes: an operator a step, and of one rank more than
                  STRIDED_SLICE takes where a step is an image
Embedding         a GATHER of indices as they are, where Keras counts negative ones from the end
selu              of any layer or cell: by ELU, where Keras makes a SELECT
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tflm_hil.models.layer_kinds import IDLE

AT_ONCE = IDLE | {"Activation", "Dense"}
"""Layers that take a window `[N, T, F]` as they take a step: one product for all steps."""


# Klambauer et al., Self-Normalizing Neural Networks (2017), as in keras/src/activations
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
ACTIVATIONS = ("activation", "recurrent_activation")


def rewrite(model: Any) -> None:
    """Exchange the `call` of such layers, wherever they are in the model, and such activations."""
    for layer in model._flatten_layers():
        for name in ACTIVATIONS:
            of_the_cell = isinstance(getattr(type(layer), name, None), property)
            if not of_the_cell and getattr(layer, name, None) is keras.activations.selu:
                object.__setattr__(layer, name, selu)
        for kind, call in CALLS.items():
            if type(layer) is kind:
                object.__setattr__(layer, "call", call(layer))


def selu(x: Any) -> Any:
    """As `keras.activations.selu`; its operators know integers, too."""
    below = tf.nn.elu(tf.minimum(x, 0.0))
    return SELU_SCALE * (tf.nn.relu(x) + SELU_ALPHA * below)


def _repeat(layer: Any) -> Callable[..., Any]:
    def call(inputs: Any) -> Any:
        batch, features = inputs.shape
        return tf.broadcast_to(inputs[:, tf.newaxis], (batch, layer.n, features))

    return call


def _up_sample(layer: Any) -> Callable[..., Any]:
    def call(inputs: Any) -> Any:
        batch, steps, features = inputs.shape
        wide = tf.broadcast_to(inputs[:, :, tf.newaxis], (batch, steps, layer.size, features))
        return tf.reshape(wide, (batch, steps * layer.size, features))

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
    keras.layers.UpSampling1D: _up_sample,
    keras.layers.TimeDistributed: _distribute,
    keras.layers.Embedding: _look_up,
}
