"""How the layers of a live Keras model are wired. Imports Keras: for workers only.

Keras keeps the graph of a functional model in its tensors: each knows the layer that made it and
which of the layer's calls it was (`_keras_history`), and each call its arguments (Keras 3,
`keras.src.ops.node`).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle


@dataclass(frozen=True)
class Call:
    """A call of a layer: the tensor it takes, its other arguments by name, and which of its outputs
    was followed here.
    """

    layer: Any
    source: Any
    given: Mapping[str, Any]
    output: int


def functional_of(model: Any) -> Any:
    """The graph of a model with one input and one output; raises NotExpressible."""
    functional = getattr(model, "_functional", model)
    if functional is None or not hasattr(functional, "_nodes_by_depth"):
        raise NotExpressible(Obstacle.OWN_CALL, model.name)
    if len(functional.inputs) != 1 or len(functional.outputs) != 1:
        raise NotExpressible(Obstacle.SEVERAL_ENDS, model.name)
    return functional


def is_input(tensor: Any) -> bool:
    """Whether a tensor is an input of its model."""
    return isinstance(tensor._keras_history.operation, keras.layers.InputLayer)


def call_of(tensor: Any) -> Call:
    """The call that a tensor came from.

    Raises NotExpressible if that is no layer, or one that takes several tensors.
    """
    operation, node, output = tensor._keras_history
    if not isinstance(operation, keras.layers.Layer):
        raise NotExpressible(Obstacle.OPERATION, operation.name, type(operation).__name__)
    return call(operation, operation._inbound_nodes[node], output)


def call(layer: Any, node: Any, output: int = 0) -> Call:
    """A call of a layer by its node; raises NotExpressible if it takes several tensors."""
    arguments = node.arguments
    bound = inspect.signature(layer.call).bind_partial(*arguments.args, **arguments.kwargs)
    given = dict(bound.arguments)
    for extra in (item for item in list(given.values()) if isinstance(item, dict)):
        given |= extra
    first = next(iter(given), "")
    source = given.pop(first, None)
    if isinstance(source, tuple) and len(source) == 1:
        source = source[0]  # of `*args`
    if not isinstance(source, keras.KerasTensor):
        raise NotExpressible(Obstacle.JOINS, layer.name)
    return Call(layer, source, given, output)


def calls_within(functional: Any, layer: Any) -> list[Any]:
    """The nodes of the calls of a layer that belong to this model, in their order."""
    own = {id(node) for nodes in functional._nodes_by_depth.values() for node in nodes}
    return [node for node in layer._inbound_nodes if id(node) in own]


def tensors_in(value: Any) -> Iterator[Any]:
    """All tensors of an argument."""
    if isinstance(value, keras.KerasTensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)


def flat(value: Any) -> list[Any]:
    """An argument that is one thing, none, or several, as a list."""
    if isinstance(value, list | tuple):
        return [item for part in value for item in flat(part)]
    return [] if value is None else [value]


def constant_row(functional: Any, value: Any, otherwise: NotExpressible) -> NDArray[np.float64]:
    """The row `[size]` that a value `[N, …, size]` has whatever the input is.

    Raises `otherwise` if it depends on the input.
    """
    if isinstance(value, keras.KerasTensor):
        random = np.random.default_rng(1)
        (source,) = functional.inputs
        shape = (2, *(size or 4 for size in source.shape[1:]))
        drawn = 3.0 * random.standard_normal(shape)
        if not keras.backend.is_float_dtype(source.dtype):
            drawn = random.integers(0, 2, shape).astype(np.float64)
        part = keras.Model(functional.inputs, value)
        value = part(drawn.astype(source.dtype))
    rows = np.asarray(value, np.float64)
    rows = rows.reshape(-1, rows.shape[-1])
    if np.any(rows != rows[0]):
        raise otherwise
    return np.array(rows[0])
