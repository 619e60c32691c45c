"""What the rules of `obstacles` ask of the layers of a Keras model."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tflm_hil.models.convert.exports.links import is_recurrent
from tflm_hil.models.convert.exports.walk import layers_of
from tflm_hil.models.convert.obstacles import Layer

FAKE = "FakeQuant"
OURS = ("keras", "tflm_hil")  # packages whose layers do not round for training


def layers_in(model: Any) -> list[Layer]:
    """All layers of a Keras model, those inside wrappers and nested models included."""
    return [
        Layer(
            name=layer.name,
            kind=type(layer).__name__,
            recurrent=is_recurrent(layer),
            return_sequences=bool(getattr(layer, "return_sequences", False)),
            reset_after=any(getattr(item, "reset_after", False) for item in _cells(layer)),
            mask_zero=bool(getattr(layer, "mask_zero", False)),
            fake_quantised=_rounds(layer),
            keras_quantised=getattr(layer, "quantization_mode", None) is not None,
        )
        for layer in layers_of(model)
    ]


def _cells(layer: Any) -> list[Any]:
    """The cells of a recurrent layer, those of a stack included."""
    return layer.cell._flatten_layers() if isinstance(layer, keras.layers.RNN) else []


def _rounds(layer: Any) -> bool:
    """Whether the function of a layer of the user's own rounds as quantisation will."""
    if type(layer).__module__.split(".")[0] in OURS:
        return False
    try:
        given = keras.tree.map_structure(
            lambda tensor: tf.TensorSpec([size or 1 for size in tensor.shape], tensor.dtype),
            layer.input,
        )
        graph = tf.function(lambda x: layer(x, training=False)).get_concrete_function(given).graph
    except Exception:  # it has no input of its own, or takes none alone: somebody else will say so
        return False
    types = [operation.type for operation in graph.get_operations()]
    for inner in graph.as_graph_def().library.function:
        types += [node.op for node in inner.node_def]
    return any(FAKE in kind for kind in types)
