"""Input samples that lie beyond what a quantised input can hold, and why.

    for found in input_saturation(model, inputs):
        found.name, found.share, found.reason

Whatever lies beyond an end of the scale becomes that end before the model sees it. The reason
decides what helps: a range that calibration made too narrow, samples that are not scaled as in
training, or a scale that is not the input's own, which no calibration moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.layout import free_inputs, layout_of
from tflm_hil.models.tflite.ties import tie_of
from tflm_hil.models.zoo.generated_samples import input_ranges
from tflm_hil.report.records import InputSaturation, SaturationReason

ROUNDING = 0.002  # of the range: half a step of int8
UNSCALED = 4.0  # times the range: such samples are in another unit


def input_saturation(model: Inspection, inputs: NDArray[Any]) -> tuple[InputSaturation, ...]:
    """Of the inputs of `[N, …]` packed samples those with a value beyond their range."""
    return tuple(_found(model, inputs))


def _found(model: Inspection, inputs: NDArray[Any]) -> Iterator[InputSaturation]:
    layout = layout_of(model)
    parts = layout.numbers(inputs)
    ranges = input_ranges(model)
    for number, tensor, part, ends in zip(
        free_inputs(model), layout.tensors, parts, ranges, strict=True
    ):
        if ends is None:
            continue
        low, high = ends
        margin = ROUNDING * (high - low)
        beyond = int(np.count_nonzero((part < low - margin) | (part > high + margin)))
        if not beyond:
            continue
        least, most = float(part.min()), float(part.max())
        tied = tie_of(model, model.inputs[number].index)
        yield InputSaturation(
            name=tensor.name,
            share=beyond / part.size,
            low=low,
            high=high,
            least=least,
            most=most,
            reason=_reason(low, high, least, most, tied=tied is not None),
            tied_to=tied.tensor if tied else "",
        )


def _reason(low: float, high: float, least: float, most: float, *, tied: bool) -> SaturationReason:
    if most - least > UNSCALED * (high - low):
        return SaturationReason.OTHER_UNIT
    return SaturationReason.TIED if tied else SaturationReason.CALIBRATION
