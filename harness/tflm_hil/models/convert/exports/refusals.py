"""What an export has no form for, and what the rules of `obstacles` ask of a model's layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tflm_hil.models.convert.obstacles import Layer
from tflm_hil.models.layer_kinds import RECURRENT

FAKE = "FakeQuant"
OURS = ("keras", "tflm_hil")  # packages whose layers do not round for training


class RefusedError(ValueError):
    """An export has no form for this model: `what` names the layer, and `fix` says what to change
    in it, if something helps. Which other exports take it, nobody guesses: it is tried.
    """

    def __init__(self, what: str, fix: str = "") -> None:
        self.what = what
        self.fix = fix
        super().__init__(f"{what}\n{fix}")


def layers_in(model: Any) -> list[Layer]:
    """All layers of a Keras model, those inside wrappers and nested models included."""
    return [
        Layer(
            name=layer.name,
            kind=type(layer).__name__,
            recurrent=type(layer).__name__ in RECURRENT,
            return_sequences=bool(getattr(layer, "return_sequences", False)),
            reset_after=bool(getattr(layer, "reset_after", False)),
            mask_zero=bool(getattr(layer, "mask_zero", False)),
            fake_quantised=_rounds(layer),
            keras_quantised=getattr(layer, "quantization_mode", None) is not None,
        )
        for layer in _layers(model)
    ]


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        for inner in ("layer", "forward_layer", "backward_layer"):
            if hasattr(layer, inner):
                yield getattr(layer, inner)


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
