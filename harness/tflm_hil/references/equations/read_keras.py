"""From a live Keras model to its description. Imports Keras: for workers only.

The chain of layers is followed from the output back to the input, through nested models. A layer
that is called twice stands there twice. What has no place in a chain is refused with the name of
the layer (`NotExpressible`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.layer_kinds import RECURRENT
from tflm_hil.references.equations.description import Described, DescribedDecoder, Description
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle
from tflm_hil.references.equations.read_decoder import find_decoder
from tflm_hil.references.equations.wiring import (
    Call,
    call_of,
    constant_row,
    flat,
    functional_of,
    is_input,
    tensors_in,
)

# Attributes under which Keras keeps a layer in a layer.
PARTS: Mapping[str, Mapping[str, str]] = {
    "Bidirectional": {"forward": "forward_layer", "backward": "backward_layer"},
    "TimeDistributed": {"layer": "layer"},
    "RNN": {"cell": "cell"},
}

STARTED = RECURRENT | {"Bidirectional"}
"""Layers that may be called with initial states."""


def read_keras(model: Any) -> Description:
    """The description of a loaded model; raises NotExpressible."""
    functional = functional_of(model)
    shape = tuple(functional.inputs[0].shape[1:])
    decoder = find_decoder(functional)
    if decoder is None:
        return Description(chain_to(functional, functional.outputs[0]), shape)
    described = DescribedDecoder(
        describe(decoder.layer), describe(decoder.head), decoder.seed, decoder.steps
    )
    return Description(chain_to(functional, decoder.state), shape, described)


def chain_to(functional: Any, tensor: Any) -> tuple[Described, ...]:
    """The layers that lead from the input of a model to a tensor; raises NotExpressible."""
    layers: list[Described] = []
    seen: list[Any] = []
    while not is_input(tensor):
        call = call_of(tensor)
        if any(call.layer is layer and getattr(layer, "stateful", False) for layer in seen):
            raise NotExpressible(Obstacle.CALLED_AGAIN, call.layer.name, "several")
        seen.append(call.layer)
        layers[:0] = _called(functional, call)
        tensor = call.source
    return tuple(layers)


def _called(functional: Any, call: Call) -> tuple[Described, ...]:
    """The layer of a call, or the layers of a model that was called."""
    layer, name = call.layer, call.layer.name
    if call.output:
        raise NotExpressible(Obstacle.STATE_LEAVES, name)
    others = dict(call.given)
    mask, carried = others.pop("mask", None), getattr(call.source, "_keras_mask", None)
    if mask is not None and mask is not carried:
        raise NotExpressible(Obstacle.GIVEN_MASK, name)
    initial = flat(others.pop("initial_state", None)) if type(layer).__name__ in STARTED else []
    if any(True for value in others.values() for _ in tensors_in(value)):
        raise NotExpressible(Obstacle.JOINS, name)
    if hasattr(layer, "layers"):
        nested = functional_of(layer)
        return chain_to(nested, nested.outputs[0])
    reason = NotExpressible(Obstacle.INPUT_MAKES_STATE, name)
    states = tuple(constant_row(functional, state, reason) for state in initial)
    # Keras hands no mask to a layer that takes a second tensor, such as an initial state
    return (replace(describe(layer), initial=states, ignores_mask=bool(initial) and mask is None),)


def describe(layer: Any) -> Described:
    """A built Keras layer or cell; raises NotExpressible."""
    kind = type(layer).__name__
    own = type(layer).__module__.partition(".")[0] != "keras"
    inside = {} if own else PARTS.get(kind, {})
    parts = {name: describe(getattr(layer, where)) for name, where in inside.items()}
    return Described(
        kind,
        layer.name,
        _plain(layer.get_config()),
        {} if parts else weights_of(layer),
        parts,
        () if parts else _state_sizes(layer),
        own=own,
    )


def _state_sizes(layer: Any) -> tuple[int, ...]:
    sizes = flat(getattr(layer, "state_size", None))
    if not all(isinstance(size, int) for size in sizes):
        raise NotExpressible(Obstacle.STATE_SHAPE, layer.name, str(sizes))
    return tuple(sizes)


def weights_of(layer: Any) -> dict[str, NDArray[np.float64]]:
    """The weights of a layer by name; raises NotExpressible if two have one name."""
    weights: dict[str, NDArray[np.float64]] = {}
    for weight in layer.weights:
        if weight.name in weights:
            raise NotExpressible(Obstacle.SAME_WEIGHT_NAME, layer.name, weight.name)
        weights[weight.name] = np.asarray(weight, np.float64)
    return weights


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as JSON gives it back, so that it is the same wherever it is read."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(config), default=_as_json))
    return plain


def _as_json(value: Any) -> Any:
    """What JSON has no form of: numbers and arrays of NumPy, anything else as its name."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
