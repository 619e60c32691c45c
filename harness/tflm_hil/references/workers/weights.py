"""The layers of a `.keras` model: class, settings that the cell equations need, weights by name.

Request: `models`, a list of `model` (path) and `custom` (path or "": classes of the user's own).
Answer: `models`, for each `layers`, a list of `{"class", "name", "config"}` (with `half` or `inner`
for the layer in a wrapper); `branches`, a sentence if the layers are no chain; `decoder`, the
positions of a layer that is called step by step and of its head, and the number of steps; or
`error`. Arrays, behind the number of the model and a colon: `"layer/weight"` with the layer's
position and the weight's Keras name (kernel, recurrent_kernel, bias), for the halves of a
Bidirectional `"layer/forward/weight"` and `"layer/backward/weight"`; `"layer/initial.N"`, constant
states before the first step; `"seed"`, the decoder's first input.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from tflm_hil.models.convert.custom_classes import known, load
from tflm_hil.worker import Arrays, serve

RECURRENT = (keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM)


class NoChainError(ValueError):
    """The model is not one layer after the other; says why."""


def main(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """All models of a request; one that cannot be read does not stop the others."""
    answers: list[dict[str, Any]] = []
    arrays: Arrays = {}
    for number, item in enumerate(request["models"]):
        try:
            with known(Path(item["custom"]) if item["custom"] else None):
                answer, own = read(load(Path(item["model"])))
        except Exception as error:
            answers.append({"error": f"{type(error).__name__}: {error}"})
            continue
        answers.append(answer)
        arrays |= {f"{number}:{name}": array for name, array in own.items()}
    return {"models": answers}, arrays


def read(model: Any) -> tuple[dict[str, Any], Arrays]:
    """The layers on the way from input to output, in their order."""
    arrays: Arrays = {}
    answer: dict[str, Any] = {"layers": [], "branches": ""}
    try:
        decoder = _decoder(model)
        layers = _chain(model.outputs[0] if decoder is None else decoder.pop("state"))
        if decoder is not None:
            decoder |= {"layer": len(layers), "head": len(layers) + 1}
            layers += decoder.pop("layers")
            arrays["seed"] = decoder.pop("seed")
            answer["decoder"] = decoder
        for position, layer in enumerate(layers):
            answer["layers"].append(_described(layer))
            arrays |= _weights_within(str(position), layer)
            initial = [] if decoder and position == decoder["layer"] else _initial(model, layer)
            answer["layers"][-1]["initial_states"] = len(initial)
            arrays |= {f"{position}/initial.{n}": state for n, state in enumerate(initial)}
    except NoChainError as reason:
        answer["branches"] = str(reason)
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


def _weights_within(prefix: str, layer: Any) -> Arrays:
    """Weights of a layer, or of the layers in a wrapper."""
    if isinstance(layer, keras.layers.Bidirectional):
        halves = {"forward": layer.forward_layer, "backward": layer.backward_layer}
        return {
            name: array
            for half, inner in halves.items()
            for name, array in _weights(f"{prefix}/{half}", inner).items()
        }
    return _weights(prefix, getattr(layer, "layer", layer))


def _weights(prefix: str, layer: Any) -> Arrays:
    return {f"{prefix}/{weight.name}": np.asarray(weight) for weight in layer.weights}


def _chain(tensor: Any) -> list[Any]:
    """The layers that lead to a tensor, the first argument of each followed back to the input.

    Raises NoChainError where that is no single way.
    """
    if not isinstance(tensor, keras.KerasTensor):
        raise NoChainError("its layers are not wired")
    found: list[Any] = []
    while True:
        operation, node_index, _ = tensor._keras_history
        if isinstance(operation, keras.layers.InputLayer):
            return [operation, *found[::-1]]
        if not isinstance(operation, keras.layers.Layer):
            raise NoChainError(f"it holds the operation {operation.name} between its layers")
        if operation in found:
            raise NoChainError(f"layer {operation.name} is called several times")
        found.append(operation)
        tensor = operation._inbound_nodes[node_index].arguments.args[0]
        if isinstance(tensor, list | tuple):
            raise NoChainError(f"layer {operation.name} joins several branches")


def _calls(model: Any, layer: Any) -> list[Any]:
    """The calls of a layer that belong to this model."""
    functional = getattr(model, "_functional", model)
    known_nodes = {id(node) for nodes in functional._nodes_by_depth.values() for node in nodes}
    return [node for node in layer._inbound_nodes if id(node) in known_nodes]


def _initial(model: Any, layer: Any) -> list[Any]:
    """The constant states that a recurrent layer is called with, each `[units]`."""
    if not isinstance(layer, RECURRENT):
        return []
    given = _calls(model, layer)[0].arguments.kwargs.get("initial_state")
    wanted = given if isinstance(given, list | tuple) else [given]
    return [
        _constant(model, state, f"layer {layer.name} starts with a state that depends on the input")
        for state in wanted
        if state is not None
    ]


def _constant(model: Any, tensor: Any, otherwise: str) -> Any:
    """The row that a tensor has for every input; raises NoChainError with `otherwise`."""
    if not isinstance(tensor, keras.KerasTensor):
        return np.asarray(tensor, np.float32).reshape(-1, np.asarray(tensor).shape[-1])[0]
    random = np.random.default_rng(1)
    shape = (2, *(size or 4 for size in model.inputs[0].shape[1:]))
    part = keras.Model(model.inputs, tensor)
    rows = np.asarray(part(random.standard_normal(shape).astype(np.float32)))
    rows = rows.reshape(-1, rows.shape[-1])
    if np.any(rows != rows[0]):
        raise NoChainError(otherwise)
    return rows[0]


def _decoder(model: Any) -> dict[str, Any] | None:
    """A recurrent layer that is called again and again, on one step each, with its head."""
    for layer in model.layers:
        calls = _calls(model, layer) if isinstance(layer, RECURRENT) else []
        if len(calls) < 2:
            continue
        heads = [
            head
            for head in model.layers
            if isinstance(head, keras.layers.Dense) and len(_calls(model, head)) == len(calls)
        ]
        state = calls[0].arguments.kwargs.get("initial_state")
        state = state[0] if isinstance(state, list | tuple) else state
        if len(heads) != 1 or state is None:
            raise NoChainError(f"layer {layer.name} is called {len(calls)} times")
        seed = _constant(
            model, calls[0].arguments.args[0],
            f"the first input of {layer.name} depends on the input",
        )  # fmt: skip
        return {"layers": [layer, heads[0]], "state": state, "steps": len(calls), "seed": seed}
    return None


if __name__ == "__main__":
    serve(main)
