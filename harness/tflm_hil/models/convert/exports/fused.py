"""Fused LSTM: legacy Keras (`tf_keras`) lowers its LSTM layer to one TFLite operator.

UNIDIRECTIONAL_SEQUENCE_LSTM is 3 to 6 kB at any length and quantises to int8. Keras 3 lost this
path, so the model is built again layer by layer in `tf_keras` with the same weights. Only LSTM is
lowered, and only with its default activations; a model that would fall back to WHILE is refused
here, because it is then not the export that was asked for. The operator keeps its state from
Invoke to Invoke until it is reset, so a stateful LSTM is the same operator.
"""

from __future__ import annotations

import inspect
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras

from tflm_hil.models.convert.exports import Export, only
from tflm_hil.models.convert.exports.rebuild import load, rebuild

# What legacy Keras may lower; only the LSTM becomes one operator.
LAYERS = frozenset(
    {
        "Activation", "AveragePooling1D", "BatchNormalization", "Conv1D", "Dense", "Dropout",
        "Flatten", "GlobalAveragePooling1D", "LSTM", "LayerNormalization", "LeakyReLU",
        "MaxPooling1D", "ReLU", "RepeatVector", "Reshape", "Softmax", "SpatialDropout1D",
    }
)  # fmt: skip


def converter(model_path: Path) -> Export:
    """Export through `tf_keras`; raises ValueError for layers that cannot be fused."""
    source = rebuild(load(str(model_path)), unroll=False, stateless=True)
    model = _legacy_copy(source)
    shape = (1, *source.input_shape[1:])
    call = tf.function(lambda x: model(x, training=False))
    signature = call.get_concrete_function(tf.TensorSpec(shape, tf.float32, name="input"))
    directory = tempfile.mkdtemp(prefix="tflm-hil-fused-")
    # the variables alone: with the layers, Keras would trace each in all its modes, seconds long
    weights = tf.Module()
    weights.variables_of_the_model = list(model.variables)
    tf.saved_model.save(weights, directory, signatures=signature)
    return Export(
        converter=tf.lite.TFLiteConverter.from_saved_model(directory),
        probe=lambda x: [
            np.concatenate([np.asarray(model(row[np.newaxis], training=False)) for row in only(x)])
        ],
    )


def _legacy_copy(source: Any) -> Any:
    """The same chain of layers in `tf_keras`, with the same weights."""
    layers = [layer for layer in source.layers if type(layer).__name__ != "InputLayer"]
    copy = tf_keras.Sequential([tf_keras.Input(batch_shape=(1, *source.input_shape[1:]))])
    for layer in layers:
        kind = type(layer).__name__
        if kind not in LAYERS:
            raise ValueError(f"layer {layer.name} is a {kind}; the fused export has no such layer")
        if kind == "LSTM":
            _check_lstm(layer)
        if kind == "RepeatVector":
            copy.add(_repeat(layer.n))
            continue
        copy.add(getattr(tf_keras.layers, kind).from_config(_legacy_config(layer)))
    for ours, theirs in zip(copy.layers, layers, strict=True):
        ours.set_weights(theirs.get_weights())
    return copy


def _repeat(count: int) -> Any:
    """RepeatVector without the operator TILE."""
    return tf_keras.layers.Lambda(
        lambda x: tf.broadcast_to(x[:, tf.newaxis], (1, count, x.shape[-1]))
    )


def _legacy_config(layer: Any) -> dict[str, Any]:
    """The part of a Keras 3 layer configuration that the legacy layer's constructor knows."""
    legacy = getattr(tf_keras.layers, type(layer).__name__)
    known = set(inspect.signature(legacy.__init__).parameters) | {"name"}
    dropped = ("initializer", "regularizer", "constraint", "dtype")
    return {
        key: value
        for key, value in layer.get_config().items()
        if key in known and not key.endswith(dropped)
    } | ({"unroll": False} if "unroll" in known else {})


def _check_lstm(layer: Any) -> None:
    """Refuse what legacy Keras would export as WHILE: it is right, but no longer fused."""
    config = layer.get_config()
    wanted = {
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
        "use_bias": True,
        "return_state": False,
        "go_backwards": False,
    }
    for key, value in wanted.items():
        if config[key] != value:
            raise ValueError(
                f"LSTM {layer.name} has {key}={config[key]!r}; only {value!r} is lowered to the"
                " fused operator"
            )
