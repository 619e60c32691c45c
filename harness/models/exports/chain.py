"""A Keras model as a chain of recurrent layers and plain functions between them.

The hand-written exports (shift-register loop, single step) need to know where the recurrence is.
Branches, several inputs and layers that need another layer's mask have no such form and are
refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from harness.models.exports.cells import Cell, cell_of

RECURRENT = frozenset({"SimpleRNN", "GRU", "LSTM", "RNN"})

# Layers that act on every step by itself.
POINTWISE = frozenset(
    {
        "Activation", "AlphaDropout", "BatchNormalization", "Dense", "Dropout", "ELU",
        "GaussianDropout", "GaussianNoise", "LayerNormalization", "LeakyReLU", "Normalization",
        "PReLU", "ReLU", "Rescaling", "Softmax", "SpatialDropout1D",
    }
)  # fmt: skip

REFUSED = {
    "Masking": "its mask needs operators that TFLM does not have (REDUCE_ANY)",
    "RepeatVector": "it needs the operator TILE that TFLM does not have",
    "ConvLSTM1D": "its state is an image",
    "ConvLSTM2D": "its state is an image",
    "ConvLSTM3D": "its state is an image",
}
MERGES: dict[str, Callable[[Any, Any], Any]] = {
    "concat": lambda a, b: tf.concat([a, b], axis=-1),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: (a + b) * 0.5,
    "mul": lambda a, b: a * b,
}


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer. `sequences`: gives every step's output, not only the last."""

    name: str
    cell: Cell
    sequences: bool
    backward: bool


@dataclass(frozen=True)
class Both:
    """A bidirectional layer; outputs of both directions are in the order of time."""

    name: str
    forward: Recurrent
    backward: Recurrent
    merge: Callable[[Any, Any], Any]


class Plain:
    """A layer without memory, its weights as constants."""

    def __init__(self, layer: Any) -> None:
        self.name: str = layer.name
        self.kind = type(layer).__name__
        self.layer = layer
        self._trainable = [tf.constant(np.asarray(item)) for item in layer.trainable_variables]
        self._others = [tf.constant(np.asarray(item)) for item in layer.non_trainable_variables]

    def __call__(self, x: Any) -> Any:
        output, _ = self.layer.stateless_call(self._trainable, self._others, x)
        return output


Link = Recurrent | Both | Plain


def read_chain(model: Any) -> tuple[Link, ...]:
    """The links of a Sequential model, or of a functional one without branches.

    Raises ValueError naming the layer that has no place in a chain.
    """
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError("the model has several inputs or outputs; this export takes one of each")
    for before, layer in zip([None, *layers], layers, strict=False):
        _check_single_path(layer, before)
    links = tuple(_link(layer) for layer in layers)
    if not any(isinstance(link, Recurrent | Both) for link in links):
        raise ValueError("the model has no recurrent layer; convert it with the export unrolled")
    return links


def _check_single_path(layer: Any, before: Any) -> None:
    nodes = [node for node in layer._inbound_nodes if node.parent_nodes] if before else []
    for node in nodes[-1:]:
        if len(node.arguments.args) > 1:
            raise ValueError(
                f"layer {layer.name} takes more than the output of the layer before; only a chain"
                " of layers has this export"
            )
        parents = [parent.operation.name for parent in node.parent_nodes]
        if parents != [before.name]:
            raise ValueError(
                f"layer {layer.name} takes {', '.join(parents)}; only a chain of layers, each fed"
                f" by the one before ({before.name}), has this export"
            )


def _link(layer: Any) -> Link:
    kind = type(layer).__name__
    if kind in REFUSED:
        raise ValueError(f"layer {layer.name} is a {kind}: {REFUSED[kind]}")
    if getattr(layer, "mask_zero", False):
        raise ValueError(f"layer {layer.name} has mask_zero=True: {REFUSED['Masking']}")
    if kind in RECURRENT:
        return _recurrent(layer)
    if kind == "Bidirectional":
        merge = MERGES.get(layer.merge_mode)
        if merge is None:
            raise ValueError(f"layer {layer.name} has merge_mode={layer.merge_mode!r}: no chain")
        forward, backward = _recurrent(layer.forward_layer), _recurrent(layer.backward_layer)
        if forward.backward or not backward.backward:
            raise ValueError(f"layer {layer.name} runs its two directions the other way round")
        return Both(layer.name, forward, backward, merge)
    if kind == "TimeDistributed" and type(layer.layer).__name__ in POINTWISE:
        # one product for all steps, where the wrapper would write out one for each
        return Plain(layer.layer)
    return Plain(layer)


def _recurrent(layer: Any) -> Recurrent:
    if type(layer).__name__ not in RECURRENT:
        raise ValueError(f"layer {layer.name} is a {type(layer).__name__}, not a known recurrence")
    if layer.return_state:
        raise ValueError(f"layer {layer.name} has return_state=True: its state leaves the chain")
    return Recurrent(
        layer.name, cell_of(layer), bool(layer.return_sequences), bool(layer.go_backwards)
    )
