"""Whether a model that was written otherwise is the same: both are run on random input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

SEQUENCES = 4
OPEN_LENGTH = 7  # of an axis without a size
# Both are float32 and the same equations; the order of summation may differ.
RELATIVE = 1e-5
HALF = 2e-2  # of a model that computed in 16 bits; it is rebuilt in float32


def check_same(
    old: Any, new: Any, differs: Callable[[str], Exception], *, struct: Any = None
) -> None:
    """Raise what `differs` makes of the difference unless both models give the same, within
    rounding.

    `new` is a graph; `old` may be one of Keras 2, or, if it is none, takes its inputs as `struct`.
    """
    generator = np.random.default_rng(0)
    inputs = [_random(tensor, _vocabulary(new), generator) for tensor in new.inputs]
    for layer in new._flatten_layers():
        if type(layer).__name__ == "Masking":
            for array in inputs:
                array[len(array) // 2 :, -2:] = layer.mask_value  # the last steps are padding
    policies = {layer.compute_dtype for layer in old._flatten_layers()}
    rounding = HALF if policies & {"float16", "bfloat16"} else RELATIVE
    given = inputs if len(inputs) > 1 else inputs[0]
    wanted = _outputs(old, given if struct is None else tf.nest.pack_sequence_as(struct, inputs))
    found = _outputs(new, given)
    for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
        if one.shape != other.shape:
            raise differs(f"output {number} has the shape {other.shape} and not {one.shape}")
        allowed = rounding * max(1.0, float(np.max(np.abs(one), initial=0.0)))
        distance = float(np.max(np.abs(one - other), initial=0.0))
        if not distance <= allowed:
            raise differs(f"output {number} differs by {distance:.2g}")


def _random(tensor: Any, vocabulary: int, generator: np.random.Generator) -> Any:
    batch, *shape = tensor.shape
    whole = (batch or SEQUENCES, *(size or OPEN_LENGTH for size in shape))
    dtype = tf.as_dtype(tensor.dtype)
    if vocabulary or not dtype.is_floating:
        return generator.integers(0, vocabulary or 2, whole).astype(dtype.as_numpy_dtype)
    return generator.uniform(-1.0, 1.0, whole).astype(dtype.as_numpy_dtype)


def _vocabulary(model: Any) -> int:
    """The number of indices that all Embedding layers take; 0 where there is none."""
    sizes = [
        layer.input_dim for layer in model._flatten_layers() if type(layer).__name__ == "Embedding"
    ]
    return min(sizes, default=0)


def _outputs(model: Any, given: Any) -> list[Any]:
    keys = getattr(model, "_inputs_struct", None)
    if isinstance(keys, dict) and isinstance(given, list):
        given = dict(zip(sorted(keys), given, strict=True))
    _forget(model)
    results = model(given, training=False)
    _forget(model)
    return [np.asarray(item) for item in tf.nest.flatten(results)]


def _forget(model: Any) -> None:
    """All states at zero, in Keras 2 as in Keras 3."""
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False):
            getattr(layer, "reset_state", getattr(layer, "reset_states", lambda: None))()
