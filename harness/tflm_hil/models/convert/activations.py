"""Activations that an engine may lack, and the nearest that needs only usual operators.

Which of them an engine lacks is not written down here: a conversion with the other one is tried
(`another_way`). Works on Keras layers, and imports no Keras.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NEAREST = {
    "celu": "elu",
    "gelu": "silu",
    "glu": "sigmoid",
    "hard_shrink": "relu",
    "hard_silu": "silu",
    "hard_tanh": "tanh",
    "log_sigmoid": "tanh",
    "log_softmax": "softmax",
    "mish": "silu",
    "selu": "elu",
    "soft_shrink": "tanh",
    "softplus": "relu",
    "softsign": "tanh",
    "sparse_plus": "relu",
    "sparse_sigmoid": "sigmoid",
    "sparsemax": "softmax",
    "squareplus": "relu",
    "tanh_shrink": "tanh",
    "threshold": "relu",
}
PLACES = ("activation", "recurrent_activation")


def replaceable(layers: Iterator[Any]) -> dict[str, list[str]]:
    """By the name of an activation that has a nearest one, the layers that have it."""
    found: dict[str, list[str]] = {}
    for layer in layers:
        for holder, place in _places(layer):
            name = getattr(getattr(holder, place), "__name__", "")
            if name in NEAREST and layer.name not in found.setdefault(name, []):
                found[name].append(layer.name)
    return {name: names for name, names in found.items() if names}


def replace(layers: Iterator[Any], functions: Mapping[str, Any]) -> None:
    """Put other functions in place of those of these names."""
    for layer in layers:
        for holder, place in _places(layer):
            name = getattr(getattr(holder, place), "__name__", "")
            if name in functions:
                setattr(holder, place, functions[name])


def _places(layer: Any) -> Iterator[tuple[Any, str]]:
    cell = getattr(layer, "cell", None)
    for holder in (layer,) if cell is None else (cell, *getattr(cell, "cells", ())):
        for place in PLACES:
            if callable(getattr(holder, place, None)):
                yield holder, place
