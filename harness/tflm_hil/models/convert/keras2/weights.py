"""Weights of one layer from Keras 2 to Keras 3, by name and shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from tflm_hil.models.convert.model_files import ModelFileError

INNER = ("layer", "forward_layer", "backward_layer", "cell")


def carry_over(old: Any, new: Any) -> None:
    """Give `new` the weights of `old`, those of wrapped layers and cells included."""
    inner = [name for name in INNER if hasattr(getattr(old, name, None), "weights")]
    if type(old).__name__ == "Bidirectional":
        inner = ["forward_layer", "backward_layer"]
    if hasattr(old, "_nodes_by_depth"):
        return  # a nested model was given its own when it was rebuilt
    if inner:
        for name in inner:
            carry_over(getattr(old, name), getattr(new, name))
    elif hasattr(old, "cells"):
        for one, other in zip(old.cells, new.cells, strict=True):
            carry_over(one, other)
    else:
        _assign(old, new)


def _assign(old: Any, new: Any) -> None:
    """By the last part of their names; by order where names differ and every shape is the same."""
    left = [variable for variable in new.weights if "seed_generator" not in variable.path]
    values = [(_last(item.name), np.asarray(item)) for item in old.weights]
    by_name = {variable.name: variable for variable in left}
    if len(by_name) == len(left) == len(values) and {name for name, _ in values} == set(by_name):
        pairs = [(by_name[name], value) for name, value in values]
    else:
        pairs = [(variable, value) for variable, (_, value) in zip(left, values, strict=False)]
    if len(left) != len(values) or any(tuple(one.shape) != two.shape for one, two in pairs):
        raise ModelFileError(
            f"layer {old.name} is a {type(old).__name__} whose weights"
            f" ({_shapes(value for _, value in values)}) are not those of Keras 3"
            f" ({_shapes(left)})",
            "build the model in Keras 3, set its weights, and save it with"
            ' model.save("model.keras")',
        )
    for variable, value in pairs:
        variable.assign(value)
    if hasattr(new, "finalize_state"):
        new.finalize_state()  # Normalization computes with what it makes of its weights


def _last(name: str) -> str:
    return name.split("/")[-1].split(":")[0]


def _shapes(items: Any) -> str:
    return ", ".join(" x ".join(map(str, item.shape)) or "1" for item in items) or "none"
