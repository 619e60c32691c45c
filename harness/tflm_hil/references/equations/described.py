"""A Keras layer as data: class, settings, weights by name, and the layers inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Attributes under which Keras keeps a layer in a layer.
PARTS = {
    "Bidirectional": {"forward": "forward_layer", "backward": "backward_layer"},
    "TimeDistributed": {"layer": "layer"},
    "RNN": {"cell": "cell"},
}


class NotExpressible(ValueError):
    """A model is no chain of layers that we have equations of; says which layer is in the way."""


@dataclass(frozen=True)
class Described:
    """A layer. `weights` are float64 by their Keras name (kernel, recurrent_kernel, bias, …) and
    without those of `parts`; `config` is its `get_config()`; `states` are a cell's state sizes.
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    weights: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    parts: Mapping[str, Described] = field(default_factory=dict)
    states: tuple[int, ...] = ()


def describe_chain(model: Any) -> tuple[Described, ...]:
    """All layers of a loaded Keras model in their order, those of a model inside it included.

    Raises NotExpressible if it is no chain, each layer fed by the one before and nothing else.
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise NotExpressible("the model has several inputs or outputs")
    layers = list(model.layers)
    for before, layer in pairwise(layers):
        fed_by = _fed_by(layer)
        if fed_by != before.name:
            raise NotExpressible(
                f"layer {layer.name} is fed by {fed_by}, not by {before.name} alone: the model is"
                " no chain"
            )
    found: list[Described] = []
    for layer in layers:
        found += describe_chain(layer) if hasattr(layer, "layers") else [describe(layer)]
    return tuple(found)


def _fed_by(layer: Any) -> str:
    """The layer whose output a layer takes; "several" if there is more to take than that.

    A mask comes as an argument of its own and counts for nothing here.
    """
    node = layer._inbound_nodes[-1]
    given = node.arguments.args
    if len(given) != 1 or node.arguments.kwargs.get("initial_state") is not None:
        return "several"
    source = getattr(given[0], "_keras_history", None)
    return "several" if source is None else str(source.operation.name)


def describe(layer: Any) -> Described:
    """A built Keras layer or cell."""
    kind = type(layer).__name__
    parts = {name: describe(getattr(layer, where)) for name, where in PARTS.get(kind, {}).items()}
    sizes = getattr(layer, "state_size", ()) if not parts else ()
    states = tuple(sizes) if isinstance(sizes, list | tuple) else (sizes,)
    return Described(
        kind, layer.name, layer.get_config(), {} if parts else weights_of(layer), parts, states
    )


def weights_of(layer: Any) -> dict[str, NDArray[np.float64]]:
    """The weights of a layer by name; raises NotExpressible if two have one name."""
    found: dict[str, NDArray[np.float64]] = {}
    for weight in layer.weights:
        if weight.name in found:
            raise NotExpressible(f"layer {layer.name} has two weights of the name {weight.name}")
        found[weight.name] = np.asarray(weight, np.float64)
    return found
