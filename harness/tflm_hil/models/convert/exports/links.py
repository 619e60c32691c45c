"""One layer of a Keras model as what a hand-written export runs: a recurrence or a plain function.

Recurrent   SimpleRNN, GRU, LSTM, RNN around any cell
Both        Bidirectional
Plain       a layer without memory, its weights as constants
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tflm_hil.models.convert.exports.cells import Cell, cell_of
from tflm_hil.models.convert.exports.refusals import RefusedError

REFUSED = {
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
    """A recurrent layer. `sequences`: gives every step's output, not only the last; `gives_state`:
    its last states, too. `zero_masked`: the output of a step that the mask leaves out is 0 and not
    the one before. `stateful`: the next call starts with the states that this one left. `first`:
    the states before the first step, each `[1, size]`; None where all of them are 0. `layer` is
    Keras' own.
    """

    name: str
    cell: Cell
    sequences: bool
    backward: bool
    gives_state: bool = False
    zero_masked: bool = False
    stateful: bool = False
    first: tuple[NDArray[np.float32], ...] | None = None
    layer: Any = None


@dataclass(frozen=True)
class Both:
    """A bidirectional layer; outputs of both directions are in the order of time, and two outputs
    without a `merge`.
    """

    name: str
    forward: Recurrent
    backward: Recurrent
    merge: Callable[[Any, Any], Any] | None


class Plain:
    """A layer without memory, its weights as constants."""

    def __init__(self, layer: Any) -> None:
        self.name: str = layer.name
        self.kind = type(layer).__name__
        self.layer = layer
        self._weights = [
            (item, tf.constant(np.asarray(item)))
            for item in (*layer.trainable_variables, *layer.non_trainable_variables)
        ]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's output; arguments are those of its `call`. Masks go the way of Keras: from
        what is given (`keras.src.backend.get_keras_mask`) to what is returned.
        """
        with keras.StatelessScope(state_mapping=self._weights):
            return self.layer(*args, **kwargs)


Link = Recurrent | Both | Plain


def is_recurrent(layer: Any) -> bool:
    """Whether a layer runs a cell over the steps of a sequence, in one direction or both."""
    return isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)


def link_of(layer: Any) -> Link:
    """The link of a layer; raises ValueError naming a layer that has none."""
    if isinstance(layer, keras.layers.Bidirectional):
        return _both(layer)
    return _recurrent(layer) if is_recurrent(layer) else Plain(layer)


def _both(layer: Any) -> Both:
    forward, backward = _recurrent(layer.forward_layer), _recurrent(layer.backward_layer)
    if forward.backward or not backward.backward:
        raise ValueError(f"layer {layer.name} runs its two directions the other way round")
    if forward.stateful or backward.stateful:
        raise ValueError(
            f"layer {layer.name} is bidirectional and stateful: what it reads from the end has no"
            " call before it"
        )
    return Both(layer.name, forward, backward, MERGES.get(layer.merge_mode))


def _recurrent(layer: Any) -> Recurrent:
    kind = type(layer).__name__
    if kind in REFUSED:
        raise ValueError(f"layer {layer.name} is a {kind}: {REFUSED[kind]}")
    if not isinstance(layer, keras.layers.RNN):
        raise ValueError(f"layer {layer.name} is a {kind}, not a known recurrence")
    _check_own_code(layer)
    first = [
        np.asarray(item, np.float32) for item in keras.tree.flatten(layer.get_initial_state(1))
    ]
    warm = any(np.any(state) for state in first)
    if warm and layer.stateful:
        raise RefusedError(
            f"layer {layer.name} is stateful and its first state is not 0, while a reset of the"
            " device, as of Keras, makes it 0",
            "let the cell start at 0, or leave stateful=False",
        )
    return Recurrent(
        name=layer.name,
        cell=cell_of(layer),
        sequences=bool(layer.return_sequences),
        backward=bool(layer.go_backwards),
        gives_state=bool(layer.return_state),
        zero_masked=bool(getattr(layer, "zero_output_for_mask", False)),
        stateful=bool(layer.stateful),
        first=tuple(first) if warm else None,
        layer=layer,
    )


def _check_own_code(layer: Any) -> None:
    """Refuse a class derived from a layer of Keras whose loop is code of its own."""
    base = next(kind for kind in type(layer).__mro__ if kind.__module__.startswith("keras."))
    for method in ("call", "inner_loop"):
        if getattr(type(layer), method) is not getattr(base, method):
            raise RefusedError(
                f"layer {layer.name} is a {type(layer).__name__}, a {base.__name__} whose {method}"
                " is code of its own",
                "write what it computes in a step as a cell, and run that by keras.layers.RNN",
            )
    if base is not keras.layers.RNN and type(layer.cell).__module__.split(".")[0] != "keras":
        raise RefusedError(
            f"layer {layer.name} is a {type(layer).__name__} with a cell of another kind inside",
            "run that cell by keras.layers.RNN",
        )
