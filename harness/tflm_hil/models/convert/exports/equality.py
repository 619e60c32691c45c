"""Is what will be converted still the Keras model? Asked before every conversion, on real input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.convert.exports import Export, call, outputs_of, rows
from tflm_hil.models.convert.exports.indices import table_rows
from tflm_hil.models.convert.exports.inputs import ModelInput
from tflm_hil.models.convert.exports.rebuild import forget, rebuild, stateful
from tflm_hil.models.convert.exports.walk import layers_of
from tflm_hil.models.convert.samples import (
    KerasInput,
    Sequences,
    inputs_of,
    random_sequences,
    take,
)

PROBED_SEQUENCES = 8


def windows(
    inputs: Sequence[KerasInput | ModelInput], sequences: Sequences
) -> dict[str, NDArray[Any]]:
    """Sequences cut into what the model takes at a time."""
    cut = {}
    for item in inputs:
        array = sequences[item.name]
        shape = (size or given for size, given in zip(item.shape, array.shape[1:], strict=True))
        cut[item.name] = array.reshape(-1, *shape)
    return cut


def difference(model: Any, export: Export, samples: Sequences | None) -> float:
    """Largest |Δ| of any output between the original and the rebuilt model, on real or random
    input; a model with a mask, wherever it is made, also gets it with padding at the end.
    """
    inputs = inputs_of(model)
    if samples is None:
        samples = random_sequences(inputs, PROBED_SEQUENCES, table_rows(model))
    samples = take(windows(inputs, samples), slice(PROBED_SEQUENCES))
    tried = [samples, *(_padded(samples, value) for value in _mask_values(model))]
    samples = {name: np.concatenate([one[name] for one in tried]) for name in samples}
    # one by one, and itself: only what has a batch or a memory of its own is rebuilt for that
    original = model
    if stateful(model) or any(tensor.shape[0] not in (None, 1) for tensor in model.inputs):
        original = rebuild(model, unroll=False, stateless=not export.carries_state)
        forget(original)
    expected = [outputs_of(call(original, row)) for row in rows(samples)]
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


def _padded(samples: Sequences, value: float) -> dict[str, NDArray[Any]]:
    """The samples with more and more padding: the first has none, the last nearly only that.

    Every input that has as many steps as the longest is padded; indices only with 0.
    """
    steps = max((array.shape[1] for array in samples.values() if array.ndim > 1), default=0)
    padded = {}
    for name, array in samples.items():
        padded[name] = array.copy()
        if array.ndim < 2 or array.shape[1] != steps:
            continue
        filling = value if array.dtype.kind == "f" else 0
        for number, sequence in enumerate(padded[name]):
            sequence[steps - number * steps // len(array) :] = filling
    return padded
