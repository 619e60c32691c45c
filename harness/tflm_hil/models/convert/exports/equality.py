"""Is what will be converted still the Keras model? Asked before every conversion, on real input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.convert.exports import Export, outputs_of
from tflm_hil.models.convert.exports.rebuild import forget, rebuild, stateful

PROBED_SEQUENCES = 8


class CalibrationShapeError(ValueError):
    """Representative data does not fit the model's input."""


def check_shape(model: Any, calibration: NDArray[np.float32] | None) -> None:
    """Raise CalibrationShapeError unless a row is a window of the model, or, of a stateful one,
    several windows one behind the other.
    """
    wanted = model.input_shape[1:]
    if calibration is None:
        return
    actual = calibration.shape[1:]
    steps = wanted[0] if stateful(model) and len(actual) == len(wanted) else None
    inside = actual if steps is None or actual[0] % steps else (steps, *actual[1:])
    if len(inside) != len(wanted) or any(
        size not in (None, given) for size, given in zip(wanted, inside, strict=True)
    ):
        raise CalibrationShapeError(
            f"representative sequences have shape {actual}, the model takes {wanted}"
        )


def windows(model: Any, sequences: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sequences cut into what the model takes at a time."""
    shape = tuple(size or given for size, given in zip(
        model.input_shape[1:], sequences.shape[1:], strict=True
    ))  # fmt: skip
    return sequences.reshape(-1, *shape)


def difference(model: Any, export: Export, samples: NDArray[np.float32] | None) -> float:
    """Largest |Δ| of any output between the original and the rebuilt model, on real or random
    input; a model with a Masking layer also gets it with padding at the end.
    """
    if samples is None:
        shape = (PROBED_SEQUENCES, *(size or 1 for size in model.input_shape[1:]))
        samples = np.random.default_rng(0).uniform(-1.0, 1.0, shape).astype(np.float32)
    samples = windows(model, samples)[:PROBED_SEQUENCES]
    for layer in model.layers:
        if type(layer).__name__ == "Masking":
            samples = np.concatenate([samples, _padded(samples, layer.mask_value)])
    # one by one: the original may have a batch of its own
    original = rebuild(model, unroll=False, stateless=not export.carries_state)
    forget(original)
    expected = [outputs_of(original(row[np.newaxis], training=False)) for row in samples]
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
