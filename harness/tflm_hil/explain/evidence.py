"""What speaks for a known mistake besides the outputs: lints of the file, ends of its scales, and
an error that grows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison import RungOutputs
from tflm_hil.comparison.drift import drift
from tflm_hil.errors import ComparisonError, CorruptModel
from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.lints import lint
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.causes import (
    ErrorGrows,
    Evidence,
    InputsBeyondScale,
    LintShows,
    StepError,
)
from tflm_hil.report.kinds import CauseKind

LINTS = {
    "state-scales": CauseKind.STATE_SCALE,
    "fused-state-scales": CauseKind.OUTPUT_SCALE,
    "bias-scale": CauseKind.BIAS_SCALE,
}
"""Lints that say of a mistake that it is there. The clip of a fused LSTM is always there."""

SATURATED = 0.01
"""A larger share of inputs beyond the scale's ends is not chance (as in `hil convert`)."""

LONG = 50  # steps; over fewer every error grows: it begins with none

BINS = 8  # of a histogram


def evidence(
    variant: Variant, inputs: NDArray[np.float32], failing: RungOutputs, against: RungOutputs
) -> dict[CauseKind, Evidence]:
    """For a variant whose rung `failing` missed a limit. `inputs` are the test sequences."""
    try:
        model = variant.inspection()
    except CorruptModel:
        return {}
    shown: dict[CauseKind, Evidence] = {}
    for finding in lint(model):
        if finding.code in LINTS:
            shown.setdefault(LINTS[finding.code], LintShows(finding.code, finding.sentence))
    beyond = inputs_beyond_scale(model, inputs)
    if beyond is not None:
        shown[CauseKind.CALIBRATION_RANGE] = beyond
    growth = error_growth(failing, against)
    if growth is not None:
        shown[CauseKind.ERROR_GROWS] = growth
    return shown


def inputs_beyond_scale(model: Inspection, inputs: NDArray[np.float32]) -> InputsBeyondScale | None:
    """Where the inputs lie, if more than 1 % of them are beyond the input's scale."""
    named = model.signatures[0].inputs if model.signatures else {}
    tensors = {tensor.index: tensor for tensor in model.inputs}
    tensor = tensors.get(named.get("x", -1), model.inputs[0])
    quantization = Quantization.of(tensor)
    if quantization.saturated(inputs) <= SATURATED * inputs.size:
        return None
    ends = np.iinfo(np.dtype(quantization.dtype))
    low, high = (float(quantization.dequantize(np.array(end))) for end in (ends.min, ends.max))
    inside, _ = np.histogram(inputs, np.linspace(low, high, BINS + 1))
    return InputsBeyondScale(
        low=low,
        high=high,
        below=float(np.mean(inputs < low)),
        between=tuple(float(count / inputs.size) for count in inside),
        above=float(np.mean(inputs > high)),
    )


def error_growth(failing: RungOutputs, against: RungOutputs) -> ErrorGrows | None:
    """How the error grows with the steps, if it does."""
    try:
        drifted = drift("", failing, "", against)
    except ComparisonError:
        return None
    steps = len(drifted.rms)
    if steps < LONG or drifted.trend.kind not in ("linear", "diverging"):
        return None
    shown = (*(step for step in (10, 100, 1000) if step < steps), steps - 1)
    return ErrorGrows(tuple(StepError(step, float(drifted.rms[step])) for step in shown))
