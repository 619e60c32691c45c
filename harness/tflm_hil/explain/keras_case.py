"""A case from a Keras model: its weights by name, computed by our own equations.

Understood are chains of SimpleRNN, GRU and LSTM layers, forwards, backwards or bidirectional, with
Dense, Conv1D, Flatten, Rescaling, Masking and Dropout before, between and behind them, constant
initial states included; and an encoder with a decoder that is called step by step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import ReferenceFailed
from tflm_hil.explain.case import Case
from tflm_hil.explain.network import (
    Backward,
    Convolution,
    Decoder,
    Dense,
    Function,
    Mask,
    Part,
    Recurrent,
)
from tflm_hil.references.equations.cells import ACTIVATIONS, Array, Kind, Layer, from_keras
from tflm_hil.references.equations.described import Described
from tflm_hil.references.equations.plain import PLAIN
from tflm_hil.references.weights import Source, layers_and_weights
from tflm_hil.worker import Arrays, WorkerError

KINDS: Mapping[str, Kind] = {"SimpleRNN": "simple_rnn", "GRU": "gru", "LSTM": "lstm"}
TRANSPARENT = (
    "InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout",
    "Masking", "ActivityRegularization",
)  # fmt: skip


class NotUnderstood(ValueError):
    """The network is not of a form that the equations here cover; says why."""


def keras_case(model: Source, inputs: NDArray[Any], along: Iterable[Source] = ()) -> Case:
    """The case of a `.keras` file on `inputs` `[N, T, features]`.

    `along` are models that will be asked for as well. Raises `NotUnderstood`, and
    `ReferenceFailed` if Keras cannot load the model.
    """
    try:
        answer, arrays = layers_and_weights(model, along)
    except WorkerError as failure:
        raise ReferenceFailed(
            f"Keras could not load {model[0].name}: {failure.cause}",
            remedy="check that the model was saved with this version of Keras",
        ) from failure
    return case_of(answer, arrays, inputs)


def case_of(model: Mapping[str, Any], arrays: Arrays, inputs: NDArray[Any]) -> Case:
    """The case of a described model and its weights; raises `NotUnderstood`."""
    if model.get("branches"):
        raise NotUnderstood(model["branches"])
    layers = [
        (position, layer)
        for position, layer in enumerate(model["layers"])
        if layer["class"] not in TRANSPARENT
    ]
    x = np.asarray(inputs, np.float64)
    if x.ndim != 3:
        raise NotUnderstood(f"its sequences have shape {x.shape[1:]}, not [steps, features]")
    decoder = model.get("decoder")
    if decoder is not None:
        after = {decoder["layer"], decoder["head"]}
        found = _decoder(model["layers"], decoder, arrays)
        layers = [item for item in layers if item[0] not in after]
    parts = tuple(_part(position, layer, arrays) for position, layer in layers)
    if not any(isinstance(part, Recurrent) for part in parts):
        raise NotUnderstood("it has no SimpleRNN, GRU or LSTM layer")
    return Case(parts, x, _mask(model["layers"], x), found if decoder is not None else None)


def _part(position: int, layer: Mapping[str, Any], arrays: Arrays) -> Part:
    kind, config = layer["class"], layer["config"]
    prefix = str(position)
    if kind in KINDS or kind == "Bidirectional":
        return _recurrent(prefix, layer, arrays)
    if kind == "Conv1D" and config.get("dilation", 1) == 1 and config.get("groups", 1) == 1:
        kernel = arrays[f"{prefix}/kernel"].astype(np.float64)
        return Convolution(
            kernel, _bias(prefix, arrays, kernel), config["stride"], config["padding"],
            _activation(config),
        )  # fmt: skip
    if kind == "Rescaling":
        scale, offset = config["scale"], config["offset"]
        return lambda h: scale * h + offset
    inner = layer.get("inner", layer)
    if inner["class"] in PLAIN:
        begin = f"{prefix}/"
        weights = {
            name.removeprefix(begin): np.asarray(array, np.float64)
            for name, array in arrays.items()
            if name.startswith(begin)
        }
        described = Described(inner["class"], layer["name"], inner["config"], weights)
        return lambda h: PLAIN[described.kind](described, h, {})
    raise NotUnderstood(f"layer {layer['name']} is a {kind}")


def _recurrent(prefix: str, layer: Mapping[str, Any], arrays: Arrays) -> Recurrent:
    config = layer.get("half", layer)["config"]
    if layer["config"].get("stateful"):
        raise NotUnderstood(f"layer {layer['name']} keeps its state between calls")
    initial = tuple(
        arrays[f"{prefix}/initial.{number}"].astype(np.float64)
        for number in range(layer.get("initial_states", 0))
    )
    backward = None
    if layer["class"] == "Bidirectional":
        if layer["config"].get("merge_mode") != "concat":
            raise NotUnderstood(f"layer {layer['name']} does not concatenate its halves")
        cell = _layer(f"{prefix}/forward", layer["half"], arrays)
        backward = Backward(_layer(f"{prefix}/backward", layer["half"], arrays))
    else:
        cell = _layer(prefix, layer, arrays)
    return Recurrent(
        cell,
        bool(config.get("return_sequences")),
        layer["name"],
        backward,
        bool(config.get("go_backwards")),
        initial or None,
    )


def _layer(prefix: str, layer: Mapping[str, Any], arrays: Arrays) -> Layer:
    kind, config = KINDS.get(layer["class"]), layer["config"]
    if kind is None:
        raise NotUnderstood(f"a half of a bidirectional layer is a {layer['class']}")
    activation = _cell_function(config.get("activation", ""))
    gates = _cell_function(config.get("recurrent_activation", "sigmoid"))
    return from_keras(
        kind,
        arrays[f"{prefix}/kernel"],
        arrays[f"{prefix}/recurrent_kernel"],
        arrays.get(f"{prefix}/bias"),
        activation=activation,
        recurrent_activation=gates,
        reset_after=bool(config.get("reset_after")),
    )


def _cell_function(name: str) -> str:
    if name not in ACTIVATIONS:
        raise NotUnderstood(f"it has the activation {name or 'of its own'}")
    return name


def _activation(config: Mapping[str, Any]) -> str:
    name = str(config.get("activation", ""))
    if name not in ACTIVATIONS and name != "softmax":
        raise NotUnderstood(f"it has the activation {name or 'of its own'}")
    return name


def _dense(prefix: str, config: Mapping[str, Any], arrays: Arrays) -> Dense:
    kernel = arrays[f"{prefix}/kernel"].astype(np.float64)
    return Dense(kernel, _bias(prefix, arrays, kernel), _activation(config))


def _bias(prefix: str, arrays: Arrays, kernel: Array) -> Array:
    zero = np.zeros(kernel.shape[-1])
    return np.asarray(arrays.get(f"{prefix}/bias", zero), np.float64)


def _decoder(layers: list[Mapping[str, Any]], found: Mapping[str, Any], arrays: Arrays) -> Decoder:
    position, head_at = found["layer"], found["head"]
    layer = _layer(str(position), layers[position], arrays)
    head: Function = _dense(str(head_at), layers[head_at]["config"], arrays)
    return Decoder(layer, head, arrays["seed"].astype(np.float64), int(found["steps"]))


def _mask(layers: list[Mapping[str, Any]], x: NDArray[np.float64]) -> Mask | None:
    """False where all features of a step have Masking's value, as Keras does it."""
    for layer in layers:
        if layer["class"] == "Masking":
            mask: Mask = np.any(x != layer["config"]["mask_value"], axis=-1)
            return mask
    return None
