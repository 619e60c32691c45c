"""Is what will be converted still the Keras model? Asked before every conversion, on real input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.convert.exports import Export, call, outputs_of, rows
from tflm_hil.models.convert.exports.rebuild import forget, rebuild
from tflm_hil.models.convert.samples import (
    KerasInput,
    Sequences,
    inputs_of,
    random_sequences,
    take,
)

PROBED_SEQUENCES = 8


def windows(inputs: Sequence[KerasInput], sequences: Sequences) -> dict[str, NDArray[Any]]:
    """Sequences cut into what the model takes at a time."""
    cut = {}
    for item in inputs:
        array = sequences[item.name]
        shape = (size or given for size, given in zip(item.shape, array.shape[1:], strict=True))
        cut[item.name] = array.reshape(-1, *shape)
    return cut


def difference(model: Any, export: Export, samples: Sequences | None) -> float:
    """Largest |Δ| of any output between the original and the rebuilt model, on real or random
    input; a model with a Masking layer also gets it with padding at the end.
    """
    inputs = inputs_of(model)
    if samples is None:
        samples = random_sequences(inputs, PROBED_SEQUENCES)
    samples = take(windows(inputs, samples), slice(PROBED_SEQUENCES))
    for layer in model.layers:
        if type(layer).__name__ == "Masking" and len(inputs) == 1:
            name, array = next(iter(samples.items()))
            samples = {name: np.concatenate([array, _padded(array, layer.mask_value)])}
    # one by one: the original may have a batch of its own
    original = rebuild(model, unroll=False, stateless=not export.carries_state)
    forget(original)
    expected = [outputs_of(call(original, row)) for row in rows(samples)]
    converted = export.probe(samples)
    return max(
        float(np.max(np.abs(np.concatenate(ours).reshape(theirs.shape) - theirs)))
        for ours, theirs in zip(zip(*expected, strict=True), converted, strict=True)
    )


def _padded(samples: NDArray[np.float32], value: float) -> NDArray[np.float32]:
    """The samples with more and more padding: the first has none, the last nearly only that."""
    padded = samples.copy()
    for number, sequence in enumerate(padded):
        sequence[len(sequence) - number * len(sequence) // len(padded) :] = value
    return padded
