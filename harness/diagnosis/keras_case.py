"""A case from a Keras model: its weights by name, computed by our own equations.

Understood are networks of one recurrent layer (SimpleRNN, GRU, LSTM, or one of them in a
Bidirectional), with Masking and Dropout before and after it, and a Dense layer as head.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.diagnosis.case import Backward, Case, Head
from harness.errors import ReferenceFailed
from harness.models.worker import Arrays, WorkerError, run_worker
from harness.references.cells import ACTIVATIONS, Kind, Layer, from_keras

KINDS: Mapping[str, Kind] = {"SimpleRNN": "simple_rnn", "GRU": "gru", "LSTM": "lstm"}
TRANSPARENT = ("InputLayer", "Dropout", "Masking")


class NotUnderstood(ValueError):
    """The network is not of a form that the equations here cover; says why."""


def keras_case(model: Path, inputs: NDArray[Any]) -> Case:
    """The case of a `.keras` model on `inputs` `[N, T, features]`.

    Raises `NotUnderstood`, and `ReferenceFailed` if Keras cannot load the model.
    """
    try:
        answer, arrays = run_worker(
            "harness.references.weights_worker", {"model": str(model.resolve())}, timeout_s=300
        )
    except WorkerError as failure:
        raise ReferenceFailed(
            f"Keras could not load {model.name}: {failure.cause}",
            remedy="Check that the model was saved with this version of Keras.",
        ) from failure
    return case_of(answer["layers"], arrays, inputs)


def case_of(layers: list[dict[str, Any]], arrays: Arrays, inputs: NDArray[Any]) -> Case:
    """The case of described layers and their weights; raises `NotUnderstood`."""
    working = [
        (position, layer)
        for position, layer in enumerate(layers)
        if layer["class"] not in TRANSPARENT
    ]
    if not working or len(working) > 2:
        raise NotUnderstood(f"it has {len(working)} layers that compute, not one and a head")
    x = np.asarray(inputs, np.float64)
    position, first = working[0]
    config = first.get("half", first)["config"]
    half, backward = _recurrent(position, first, arrays)
    head = _head(*working[1], arrays) if len(working) == 2 else None
    return Case(
        half,
        x,
        head,
        per_step=bool(config.get("return_sequences")),
        backward=backward,
        mask=_mask(layers, x),
    )


def _recurrent(
    position: int, layer: dict[str, Any], arrays: Arrays
) -> tuple[Layer, Backward | None]:
    if layer["class"] != "Bidirectional":
        return _layer(f"{position}", layer, arrays), None
    if layer["config"].get("merge_mode") != "concat":
        raise NotUnderstood("its Bidirectional does not concatenate the halves")
    forward = _layer(f"{position}/forward", layer["half"], arrays)
    return forward, Backward(_layer(f"{position}/backward", layer["half"], arrays))


def _layer(prefix: str, layer: dict[str, Any], arrays: Arrays) -> Layer:
    kind, config = KINDS.get(layer["class"]), layer["config"]
    if kind is None:
        raise NotUnderstood(f"its first layer is a {layer['class']}, not SimpleRNN, GRU or LSTM")
    if config.get("go_backwards") or config.get("stateful"):
        raise NotUnderstood("its layer runs backwards or keeps its state between calls")
    activation = config.get("activation", "")
    gates = config.get("recurrent_activation", "sigmoid")
    for name in (activation, gates):
        if name not in ACTIVATIONS:
            raise NotUnderstood(f"it has the activation {name or 'of its own'}")
    return from_keras(
        kind,
        arrays[f"{prefix}/kernel"],
        arrays[f"{prefix}/recurrent_kernel"],
        arrays.get(f"{prefix}/bias"),
        activation=activation,
        recurrent_activation=gates,
        reset_after=bool(config.get("reset_after")),
    )


def _head(position: int, layer: dict[str, Any], arrays: Arrays) -> Head:
    activation = layer["config"].get("activation")
    if layer["class"] != "Dense" or activation not in ("softmax", "linear"):
        raise NotUnderstood(f"its head is {layer['class']} with activation {activation}")
    kernel = arrays[f"{position}/kernel"].astype(np.float64)
    bias = arrays.get(f"{position}/bias", np.zeros(kernel.shape[1])).astype(np.float64)
    return Head(kernel, bias, softmax=activation == "softmax")


def _mask(layers: list[dict[str, Any]], x: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """False where all features of a step have Masking's value, as Keras does it."""
    for layer in layers:
        if layer["class"] == "Masking":
            mask: NDArray[np.bool_] = np.any(x != layer["config"]["mask_value"], axis=-1)
            return mask
    return None
