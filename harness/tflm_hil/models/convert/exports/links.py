"""One layer of a Keras model as what a hand-written export runs: a recurrence or a plain function.

Recurrent   SimpleRNN, GRU, LSTM, RNN around any cell
Both        Bidirectional
Plain       a layer without memory, its weights as constants
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tflm_hil.models.convert.exports.cells import Cell, cell_of
from tflm_hil.models.layer_kinds import POINTWISE, RECURRENT

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
    the one before. `stateful`: the next call starts with the states that this one left.
    """

    name: str
    cell: Cell
    sequences: bool
    backward: bool
    gives_state: bool = False
    zero_masked: bool = False
    stateful: bool = False


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

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's output; arguments are those of its `call`."""
        output, _ = self.layer.stateless_call(self._trainable, self._others, *args, **kwargs)
        return output


Link = Recurrent | Both | Plain


def link_of(layer: Any) -> Link:
    """The link of a layer; raises ValueError naming a layer that has none."""
    kind = type(layer).__name__
    if kind in REFUSED:
        raise ValueError(f"layer {layer.name} is a {kind}: {REFUSED[kind]}")
    if kind in RECURRENT:
        return _recurrent(layer)
    if kind == "Bidirectional":
        return _both(layer)
    if kind == "TimeDistributed" and type(layer.layer).__name__ in POINTWISE:
        # one product for all steps, where the wrapper would write out one for each
        return Plain(layer.layer)
    return Plain(layer)


def _both(layer: Any) -> Both:
    merge = MERGES.get(layer.merge_mode)
    if merge is None:
        raise ValueError(
            f"layer {layer.name} has merge_mode={layer.merge_mode!r}: two outputs of one layer"
        )
    forward, backward = _recurrent(layer.forward_layer), _recurrent(layer.backward_layer)
    if forward.backward or not backward.backward:
        raise ValueError(f"layer {layer.name} runs its two directions the other way round")
    if forward.stateful or backward.stateful:
        raise ValueError(
            f"layer {layer.name} is bidirectional and stateful: what it reads from the end has no"
            " call before it"
        )
    return Both(layer.name, forward, backward, merge)


def _recurrent(layer: Any) -> Recurrent:
    if type(layer).__name__ not in RECURRENT:
        raise ValueError(f"layer {layer.name} is a {type(layer).__name__}, not a known recurrence")
    return Recurrent(
        name=layer.name,
        cell=cell_of(layer),
        sequences=bool(layer.return_sequences),
        backward=bool(layer.go_backwards),
        gives_state=bool(layer.return_state),
        zero_masked=bool(getattr(layer, "zero_output_for_mask", False)),
        stateful=bool(layer.stateful),
    )
