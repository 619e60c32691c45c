"""The layers of a `.keras` model: class, settings that the cell equations need, weights by name.

Request: `model` (path), `custom` (path or "": classes of the user's own). Answer: `layers`, a list
of `{"class", "name", "config"}` (with `half` or `inner` for the layer in a wrapper); `branches`, a
sentence if the layers are no chain; `decoder`, the positions of a layer that is called step by step
and of its head, and the number of steps. Arrays: `"layer/weight"` with the layer's position and the
weight's Keras name (kernel, recurrent_kernel, bias), for the halves of a Bidirectional
`"layer/forward/weight"` and `"layer/backward/weight"`; `"layer/initial.N"`, constant states before
the first step; `"seed"`, the decoder's first input.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from harness.models.custom_classes import known, load
from harness.models.worker import Arrays, serve

RECURRENT = (keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM)


class NotConstantError(ValueError):
    """A state or a seed that depends on the input."""


def main(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """All layers in their order."""
    custom = request.get("custom")
    with known(Path(custom) if custom else None):
        model = load(Path(request["model"]))
    described = []
    arrays: Arrays = {}
    branches = ""
    decoder = _decoder(model)
    for position, layer in enumerate(model.layers):
        described.append(_described(layer))
        if isinstance(layer, keras.layers.Bidirectional):
            halves = {"forward": layer.forward_layer, "backward": layer.backward_layer}
            for name, half in halves.items():
                arrays |= _weights(f"{position}/{name}", half)
        else:
            arrays |= _weights(str(position), getattr(layer, "layer", layer))
        if decoder is not None and position == decoder["layer"]:
            continue
        try:
            initial = _initial(model, layer)
        except NotConstantError:
            branches = f"layer {layer.name} starts with a state that depends on the input"
            continue
        described[-1]["initial_states"] = len(initial)
        arrays |= {f"{position}/initial.{n}": state for n, state in enumerate(initial)}
    answer: dict[str, Any] = {
        "layers": described,
        "branches": branches or _branches(model, decoder),
    }
    if decoder is not None:
        arrays["seed"] = decoder.pop("seed")
        answer["decoder"] = decoder
    return answer, arrays


def _described(layer: Any) -> dict[str, Any]:
    found = {"class": type(layer).__name__, "name": layer.name, "config": _plain(layer)}
    if isinstance(layer, keras.layers.Bidirectional):
        half = layer.forward_layer
        found["half"] = {"class": type(half).__name__, "config": _plain(half)}
    if isinstance(layer, keras.layers.TimeDistributed):
        inner = layer.layer
        found["inner"] = {"class": type(inner).__name__, "config": _plain(inner)}
    if isinstance(layer, keras.layers.Conv1D):
        found["config"] |= {"stride": layer.strides[0], "dilation": layer.dilation_rate[0]}
    return found


def _plain(layer: Any) -> dict[str, Any]:
    """The settings of a layer that are numbers and texts."""
    plain = (str, int, float, bool, type(None))
    return {name: item for name, item in layer.get_config().items() if isinstance(item, plain)}


def _weights(prefix: str, layer: Any) -> Arrays:
    return {f"{prefix}/{weight.name}": np.asarray(weight) for weight in layer.weights}


def _nodes(model: Any, layer: Any) -> list[Any]:
    """The calls of a layer that belong to this model."""
    known = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}
    return [node for node in layer._inbound_nodes if id(node) in known]


def _initial(model: Any, layer: Any) -> list[Any]:
    """The constant states that a recurrent layer is called with, each `[units]`."""
    if not isinstance(layer, RECURRENT) or not hasattr(model, "_nodes_by_depth"):
        return []
    states = []
    for node in _nodes(model, layer)[:1]:
        given = node.arguments.kwargs.get("initial_state")
        wanted = given if isinstance(given, list | tuple) else [given]
        states += [_constant(model, state) for state in wanted if state is not None]
    return states


def _constant(model: Any, tensor: Any) -> Any:
    """The row that a tensor has for every input; NotConstantError if there is no such row."""
    if not isinstance(tensor, keras.KerasTensor):
        return np.asarray(tensor, np.float32).reshape(-1, np.asarray(tensor).shape[-1])[0]
    part = keras.Model(model.inputs, tensor)
    random = np.random.default_rng(1)
    shape = (2, *(size or 4 for size in model.inputs[0].shape[1:]))
    rows = np.asarray(part(random.standard_normal(shape).astype(np.float32)))
    rows = rows.reshape(-1, rows.shape[-1])
    if np.any(rows != rows[0]):
        raise NotConstantError
    return rows[0]


def _decoder(model: Any) -> dict[str, Any] | None:
    """A recurrent layer that is called more than once, each time on one step."""
    if not hasattr(model, "_nodes_by_depth"):
        return None
    for position, layer in enumerate(model.layers):
        nodes = _nodes(model, layer) if isinstance(layer, RECURRENT) else []
        if len(nodes) < 2:
            continue
        heads = [
            place
            for place, head in enumerate(model.layers)
            if isinstance(head, keras.layers.Dense) and len(_nodes(model, head)) == len(nodes)
        ]
        try:
            seed = _constant(model, nodes[0].arguments.args[0])
        except NotConstantError:
            return None
        if len(heads) == 1:
            return {"layer": position, "head": heads[0], "steps": len(nodes), "seed": seed}
    return None


def _branches(model: Any, decoder: dict[str, Any] | None) -> str:
    """A sentence if a layer takes more than the output of one other, but for a decoder's."""
    if not hasattr(model, "_nodes_by_depth"):
        return ""
    after = set() if decoder is None else {decoder["layer"], decoder["head"]}
    for position, layer in enumerate(model.layers):
        nodes = [node for node in _nodes(model, layer) if node.parent_nodes]
        if position in after:
            continue
        if len(nodes) > 1:
            return f"layer {layer.name} is called {len(nodes)} times"
        if (
            nodes
            and len(nodes[0].arguments.args) == 1
            and isinstance(nodes[0].arguments.args[0], list)
        ):
            return f"layer {layer.name} joins several branches"
    return ""


if __name__ == "__main__":
    serve(main)
