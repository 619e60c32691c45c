"""Padding found in a window, by operators that TFLM has and that integers survive.

Keras asks whether every feature of a row equals the mask value. In float32 so does the exported
model, exactly. On an integer scale a value other than 0 is only near to itself, so a row counts as
padding there if it is within `TOLERANCE` of the value (or, of 0, within half a step of the scale);
what lies that near in the representative data without being padding is counted and refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tflm_hil.models.convert.exports import Padding
from tflm_hil.models.convert.exports.refusals import RefusedError

# Share of the mask value. 0 is on every integer scale exactly.
TOLERANCE = 0.02

# Steps of an 8-bit scale.
STEPS = 255


def distances(x: Any, value: float) -> Any:
    """`[1, T, F]` → `[T]`: of each row the largest |x - value|, 0 where it is padding."""
    steps, features = int(x.shape[1]), int(x.shape[2])
    rows = tf.reshape(x, (steps, features))
    return tf.reduce_max(tf.abs(rows - np.float32(value)), axis=1)


def kept_rows(x: Any, value: float, *, exact: bool) -> Any:
    """`[1, T, F]` → `[1, T]` bool: the rows that are not `value` in every feature.

    Not `exact`: that are not within the tolerance of it.
    """
    tolerance = 0.0 if exact else TOLERANCE * abs(value)
    return (distances(x, value) > np.float32(tolerance))[tf.newaxis]


def met_by(
    names: Sequence[tuple[str, float]], met: Sequence[Sequence[tuple[Any, Any, Any]]]
) -> list[Padding]:
    """Of every call of a Masking layer, its name and mask value in `names`, what it met: `met` has
    for each run of the model the least and largest number and the distances of all of them.
    """
    found = []
    for (layer, value), results in zip(names, zip(*met, strict=True), strict=True):
        far = np.concatenate([np.asarray(item[2]) for item in results])
        low, high = min(float(item[0]) for item in results), max(float(item[1]) for item in results)
        padded = int(np.count_nonzero(far == 0.0))
        found.append(Padding(layer, value, low, high, padded, far[far > 0.0]))
    return found


def check_padding(met: Iterable[Padding]) -> None:
    """Raise RefusedError if an integer model would take padding for data, or data for padding.

    The scale must hold the mask value (there must be padding among the representative data), two
    steps of it must be smaller than the tolerance, and no data may come so near.
    """
    for padding in met:
        value = padding.value
        step = (max(padding.high, 0.0) - min(padding.low, 0.0)) / STEPS
        if not padding.low - step <= value <= padding.high + step:
            raise RefusedError(
                f"the mask value {value:g} lies beyond the input's scale, so that padding would be"
                " read as data: the representative data holds no padding",
                "calibrate with sequences of different lengths, padded as the model gets them",
            )
        # two roundings lie between the value and what it is compared as
        if value and 2.0 * step > TOLERANCE * abs(value):
            raise RefusedError(
                f"the mask value {value:g} is no more than {abs(value) / step:.0f} steps of"
                " the input's integer scale away from 0: data next to it would pass for padding",
                "scale the inputs to about ±1 and pad with 0 or -1",
            )
        reach = TOLERANCE * abs(value) + 2.0 * step if value else step / 2.0
        near = int(np.count_nonzero(padding.distances <= reach))
        if near:
            raise RefusedError(
                f"{near} of {len(padding.distances)} rows of data that layer {padding.layer} is"
                f" given lie within {reach:.2g} of its mask value {value:g}, which no integer scale"
                " tells from padding: those steps would be left out",
                "pad with a value that the data stays away from, or convert to float32, where"
                " padding is compared exactly",
            )
