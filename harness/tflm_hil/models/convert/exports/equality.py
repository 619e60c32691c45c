"""Is what will be converted still the Keras model? Asked before every conversion, on real input."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from tflm_hil.models.convert.exports import Export, outputs_of
from tflm_hil.models.convert.exports.inputs import (
    CalibrationShapeError,
    Inputs,
    ModelInput,
    call,
    each,
    inputs_of,
)
from tflm_hil.models.convert.exports.rebuild import forget, rebuild, stateful
from tflm_hil.models.convert.exports.walk import layers_of

PROBED_SEQUENCES = 8


def check_shape(model: Any, calibration: Inputs | None) -> None:
    """Raise CalibrationShapeError unless a row is a window of the model, or, of a stateful one,
    several windows one behind the other.
    """
    if calibration is None:
        return
    for item in inputs_of(model):
        wanted, actual = item.shape, calibration[item.name].shape[1:]
        steps = wanted[0] if stateful(model) and len(actual) == len(wanted) and wanted else None
        inside = actual if steps is None or actual[0] % steps else (steps, *actual[1:])
        if len(inside) != len(wanted) or any(
            size not in (None, given) for size, given in zip(wanted, inside, strict=True)
        ):
            of = f" of input {item.name}" if len(calibration) > 1 else ""
            raise CalibrationShapeError(
                f"representative sequences{of} have shape {actual}, the model takes {wanted}"
            )


def windows(model: Any, samples: Inputs) -> Inputs:
    """Sequences cut into what the model takes at a time."""
    cut = {}
    for item in inputs_of(model):
        array = samples[item.name]
        shape = (size or given for size, given in zip(item.shape, array.shape[1:], strict=True))
        cut[item.name] = array.reshape(-1, *shape)
    return cut


def random_samples(model: Any) -> Inputs:
    """Inputs for a model of which no samples are known: numbers in ±1, and indices that every
    Embedding has.
    """
    random = np.random.default_rng(0)
    sizes = [
        layer.input_dim for layer in layers_of(model) if isinstance(layer, keras.layers.Embedding)
    ]
    limit = min(sizes, default=2)
    found: Inputs = {}
    for item in inputs_of(model):
        shape = (PROBED_SEQUENCES, *(size or 1 for size in item.shape))
        if item.dtype == "float32" and not _indexes(model, item):
            found[item.name] = random.uniform(-1.0, 1.0, shape).astype(np.float32)
        else:
            found[item.name] = random.integers(0, limit, shape).astype(item.dtype)
    return found


def _indexes(model: Any, item: ModelInput) -> bool:
    """Whether a float input goes straight into an Embedding."""
    (tensor,) = (tensor for tensor in model.inputs if tensor.name == item.name)
    functional = getattr(model, "_functional", model)
    return any(
        isinstance(node.operation, keras.layers.Embedding)
        and any(x is tensor for x in node.input_tensors)
        for nodes in functional._nodes_by_depth.values()
        for node in nodes
    )


def difference(model: Any, export: Export, samples: Inputs | None) -> float:
    """Largest |Δ| of any output between the original and the rebuilt model, on real or random
    input; a model with a mask, wherever it is made, also gets it with padding at the end.
    """
    samples = windows(model, random_samples(model) if samples is None else samples)
    samples = {name: array[:PROBED_SEQUENCES] for name, array in samples.items()}
    values = _mask_values(model)
    tried = [samples, *(_padded(samples, value) for value in values)]
    samples = {name: np.concatenate([one[name] for one in tried]) for name in samples}
    # one by one, and itself: only what has a batch or a memory of its own is rebuilt for that
    original = model
    if stateful(model) or any(tensor.shape[0] not in (None, 1) for tensor in model.inputs):
        original = rebuild(model, unroll=False, stateless=not export.carries_state)
        forget(original)
    expected = [outputs_of(call(original, row, training=False)) for row in each(samples)]
    converted = export.probe(samples)
    return max(
        _distance(np.concatenate(ours), theirs)
        for ours, theirs in zip(zip(*expected, strict=True), converted, strict=True)
    )


def _distance(ours: Any, theirs: Any) -> float:
    if ours.size != theirs.size:
        return math.inf
    return float(np.max(np.abs(ours.reshape(theirs.shape) - theirs), initial=0.0))


def _mask_values(model: Any) -> list[float]:
    """What padding looks like, of all layers that make a mask."""
    found = {
        float(layer.mask_value)
        for layer in layers_of(model)
        if isinstance(layer, keras.layers.Masking)
    }
    if any(getattr(layer, "mask_zero", False) for layer in layers_of(model)):
        found.add(0.0)
    return sorted(found)


def _padded(samples: Inputs, value: float) -> Inputs:
    """The samples with more and more padding: the first has none, the last nearly only that.

    Every input that has as many steps as the longest is padded; indices only with 0.
    """
    steps = max((array.shape[1] for array in samples.values() if array.ndim > 1), default=0)
    padded = {}
    for name, array in samples.items():
        padded[name] = array.copy()
        if array.ndim < 2 or array.shape[1] != steps:
            continue
        filling = value if array.dtype == np.float32 else 0
        for number, sequence in enumerate(padded[name]):
            sequence[steps - number * steps // len(array) :] = filling
    return padded
