"""A decoder in a live Keras model, recognised by its wiring. Imports Keras: for workers only.

A decoder is a recurrent layer that is called several times on one step each. Its first input is
constant and its first state is that of the layer before; from then on it takes what its head, a
Dense layer, put out at the step before, and its own state. What the head puts out, step behind
step, is the output of the model:

    y = seed
    for _ in range(steps):
        hidden, state = cell(expand_dims(y, 1), initial_state=state)
        y = head(hidden)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.layer_kinds import CELLS
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle
from tflm_hil.references.equations.wiring import (
    Call,
    call,
    calls_within,
    constant_row,
    flat,
    tensors_in,
)

RESHAPING = frozenset({"ExpandDims", "Squeeze", "Reshape"})
"""Operations and layers that may stand between the head and the next step."""

JOINING = frozenset({"Concatenate", "Stack"})
"""Operations and layers that may put the steps behind one another."""


@dataclass(frozen=True)
class FoundDecoder:
    """Layers of a live model; `state` is the tensor that the decoder starts with."""

    layer: Any
    head: Any
    state: Any
    seed: NDArray[np.float64]
    steps: int


def find_decoder(functional: Any) -> FoundDecoder | None:
    """The decoder of a model, None if it has none.

    Raises NotExpressible for a recurrent layer that is called several times in another way.
    """
    for layer in functional.layers:
        if type(layer).__name__ not in CELLS:
            continue
        nodes = calls_within(functional, layer)
        if len(nodes) > 1 and all(_one_step(call(layer, node)) for node in nodes):
            return _decoder(functional, layer, nodes)
    return None


def _one_step(made: Call) -> bool:
    return made.source.shape[1] == 1 and made.given.get("initial_state") is not None


def _decoder(functional: Any, layer: Any, nodes: Sequence[Any]) -> FoundDecoder:
    reason = NotExpressible(Obstacle.CALLED_AGAIN, layer.name, str(len(nodes)))
    steps = [call(layer, node) for node in nodes]
    first = steps[0]
    state = _left_by_one_call(list(tensors_in(first.given["initial_state"])), reason)
    seed = constant_row(
        functional, first.source, NotExpressible(Obstacle.INPUT_MAKES_SEED, layer.name)
    )
    heads: list[Any] = []
    for number, step in enumerate(steps[1:]):
        for tensor in flat(step.given["initial_state"]):
            if tensor._keras_history[:2] != (layer, _index(layer, nodes[number])):
                raise reason
        heads.append(_behind_reshaping(step.source))
    outputs = functional.outputs[0]
    operation, node, _ = outputs._keras_history
    joined = list(tensors_in(operation._inbound_nodes[node].arguments.args))
    if type(operation).__name__ not in JOINING or getattr(operation, "axis", None) != 1:
        raise reason
    # Stack makes an axis of steps, Concatenate needs it to be there
    axes = 2 if type(operation).__name__ == "Stack" else 3
    if any(len(tensor.shape) != axes for tensor in joined):
        raise reason
    written = [_behind_reshaping(tensor) for tensor in joined]
    head = written[-1]._keras_history.operation
    right = len(written) == len(steps) and all(
        one is other for one, other in zip(heads, written, strict=False)
    )
    if not right or type(head).__name__ != "Dense" or not _reads(head, written, layer, nodes):
        raise reason
    return FoundDecoder(layer, head, state, seed, len(steps))


def _left_by_one_call(states: Sequence[Any], reason: NotExpressible) -> Any:
    """The output of the call whose states these are; raises `reason` if they are of several, or in
    another order.
    """
    if not states:
        raise reason
    operation, node, first = states[0]._keras_history
    for number, state in enumerate(states):
        if state._keras_history != (operation, node, first + number):
            raise reason
    if len(states) > 1 and first != 1:
        raise reason
    outputs = operation._inbound_nodes[node].output_tensors
    return outputs[0]


def _index(layer: Any, node: Any) -> int:
    return next(index for index, item in enumerate(layer._inbound_nodes) if item is node)


def _behind_reshaping(tensor: Any) -> Any:
    """The tensor before operations that only add or take away an axis of one."""
    while type(tensor._keras_history.operation).__name__ in RESHAPING:
        operation, node, _ = tensor._keras_history
        tensor = operation._inbound_nodes[node].arguments.args[0]
    return tensor


def _reads(head: Any, written: Sequence[Any], layer: Any, nodes: Sequence[Any]) -> bool:
    """Whether a head takes the output of the decoder's call of the same step."""
    for tensor, node in zip(written, nodes, strict=True):
        operation, index, _ = tensor._keras_history
        if operation is not head:
            return False
        source = _behind_reshaping(call(head, head._inbound_nodes[index]).source)
        if source._keras_history != (layer, _index(layer, node), 0):
            return False
    return True
