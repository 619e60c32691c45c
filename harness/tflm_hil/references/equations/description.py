"""A recurrent network as data: its layers in their order, with settings and weights by name.

Two sources give the same description: a live Keras model (`read_keras.py`, in a worker), and what
a worker stored of it, a JSON object with arrays (`stored` and `restored`). The equations that it
stands for are built from it in `build.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float64]]
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Described:
    """A layer or a cell.

    `kind` is the name of its class, `own` true if the class is not of Keras. `config` is its
    `get_config()` as JSON has it. `weights` are float64 by their Keras name (kernel,
    recurrent_kernel, bias, …), without those of `parts`: the layers in a wrapper (`forward` and
    `backward`, `layer`, `cell`). `state_sizes` are those of a cell; `initial` are constant states
    before the first step, each `[units]`, of a bidirectional layer forward ones first.
    `ignores_mask`: a recurrent layer that Keras does not give the mask of its sequence.
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    weights: Weights = field(default_factory=dict)
    parts: Mapping[str, Described] = field(default_factory=dict)
    state_sizes: tuple[int, ...] = ()
    initial: tuple[NDArray[np.float64], ...] = ()
    own: bool = False
    ignores_mask: bool = False


@dataclass(frozen=True)
class DescribedDecoder:
    """A recurrent layer that is called `steps` times, on one step each: first on `seed` `[outputs]`
    with the state that the last layer left, then on what its `head` (a Dense) put out before.
    """

    layer: Described
    head: Described
    seed: NDArray[np.float64]
    steps: int


@dataclass(frozen=True)
class Description:
    """A chain of layers, and the decoder behind it if there is one.

    `input_shape` is that of one sequence, with None for an axis of any length.
    """

    layers: tuple[Described, ...]
    input_shape: tuple[int | None, ...] = ()
    decoder: DescribedDecoder | None = None


def stored(description: Description) -> tuple[dict[str, Any], Arrays]:
    """As a JSON object, and arrays named after the place of their layer: `"1/forward/kernel"`."""
    arrays: Arrays = {}
    answer: dict[str, Any] = {
        "input_shape": list(description.input_shape),
        "layers": [
            _stored(layer, str(position), arrays)
            for position, layer in enumerate(description.layers)
        ],
    }
    decoder = description.decoder
    if decoder is not None:
        arrays["decoder/seed"] = decoder.seed
        answer["decoder"] = {
            "layer": _stored(decoder.layer, "decoder/layer", arrays),
            "head": _stored(decoder.head, "decoder/head", arrays),
            "steps": decoder.steps,
        }
    return answer, arrays


def _stored(layer: Described, place: str, arrays: Arrays) -> dict[str, Any]:
    arrays.update({f"{place}/{name}": array for name, array in layer.weights.items()})
    arrays.update({f"{place}/initial.{n}": state for n, state in enumerate(layer.initial)})
    return {
        "kind": layer.kind,
        "name": layer.name,
        "own": layer.own,
        "ignores_mask": layer.ignores_mask,
        "config": dict(layer.config),
        "weights": list(layer.weights),
        "state_sizes": list(layer.state_sizes),
        "initial": len(layer.initial),
        "parts": {
            name: _stored(part, f"{place}/{name}", arrays) for name, part in layer.parts.items()
        },
    }


def restored(answer: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Description:
    """From what `stored` gave."""
    layers = tuple(
        _restored(layer, str(position), arrays) for position, layer in enumerate(answer["layers"])
    )
    described = answer.get("decoder")
    decoder = None
    if described is not None:
        decoder = DescribedDecoder(
            _restored(described["layer"], "decoder/layer", arrays),
            _restored(described["head"], "decoder/head", arrays),
            np.asarray(arrays["decoder/seed"], np.float64),
            described["steps"],
        )
    return Description(layers, tuple(answer["input_shape"]), decoder)


def _restored(
    layer: Mapping[str, Any], place: str, arrays: Mapping[str, NDArray[Any]]
) -> Described:
    def array(name: str) -> NDArray[np.float64]:
        return np.asarray(arrays[f"{place}/{name}"], np.float64)

    return Described(
        layer["kind"],
        layer["name"],
        layer["config"],
        {name: array(name) for name in layer["weights"]},
        {name: _restored(part, f"{place}/{name}", arrays) for name, part in layer["parts"].items()},
        tuple(layer["state_sizes"]),
        tuple(array(f"initial.{number}") for number in range(layer["initial"])),
        layer["own"],
        layer["ignores_mask"],
    )
