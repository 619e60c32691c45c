"""Whether the model that was rebuilt is the one that was saved: both are run on random input."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tflm_hil.models.convert.model_files import ModelFileError

SEQUENCES = 4
OPEN_LENGTH = 7  # of an axis without a size
# Both are float32 and the same equations; the order of summation may differ.
RELATIVE = 1e-5
HALF = 2e-2  # of a model that computed in 16 bits; it is rebuilt in float32


def check_same(old: Any, new: Any) -> None:
    """Raise `ModelFileError` unless both models give the same, within rounding."""
    generator = np.random.default_rng(0)
    inputs = [_random(tensor, _vocabulary(old), generator) for tensor in old.inputs]
    for layer in old._flatten_layers():
        if type(layer).__name__ == "Masking":
            for array in inputs:
                array[len(array) // 2 :, -2:] = layer.mask_value  # the last steps are padding
    policies = {layer.compute_dtype for layer in old._flatten_layers()}
    rounding = HALF if policies & {"float16", "bfloat16"} else RELATIVE
    wanted = _outputs(old, inputs)
    given = _outputs(new, inputs)
    for number, (one, other) in enumerate(zip(wanted, given, strict=True)):
        if one.shape != other.shape:
            raise _differs(f"output {number} has the shape {other.shape} and not {one.shape}")
        allowed = rounding * max(1.0, float(np.max(np.abs(one), initial=0.0)))
        distance = float(np.max(np.abs(one - other), initial=0.0))
        if not distance <= allowed:
            raise _differs(f"output {number} differs by {distance:.2g}")


def _differs(how: str) -> ModelFileError:
    return ModelFileError(
        f"the model was saved by Keras 2, and rebuilt in Keras 3 it is not the same: {how}",
        "build it in Keras 3, check it against the old one, and save it with"
        ' model.save("model.keras")',
    )


def _random(tensor: Any, vocabulary: int, generator: np.random.Generator) -> Any:
    batch, *shape = tensor.shape
    whole = (batch or SEQUENCES, *(size or OPEN_LENGTH for size in shape))
    if vocabulary or not tensor.dtype.is_floating:
        return generator.integers(0, vocabulary or 2, whole).astype(tensor.dtype.as_numpy_dtype)
    return generator.uniform(-1.0, 1.0, whole).astype(tensor.dtype.as_numpy_dtype)


def _vocabulary(model: Any) -> int:
    """The number of indices that all Embedding layers take; 0 where there is none."""
    sizes = [
        layer.input_dim for layer in model._flatten_layers() if type(layer).__name__ == "Embedding"
    ]
    return min(sizes, default=0)


def _outputs(model: Any, inputs: list[Any]) -> list[Any]:
    _forget(model)
    results = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    _forget(model)
    return [np.asarray(item) for item in tf.nest.flatten(results)]


def _forget(model: Any) -> None:
    """All states at zero, in Keras 2 as in Keras 3."""
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False):
            getattr(layer, "reset_state", getattr(layer, "reset_states", lambda: None))()
