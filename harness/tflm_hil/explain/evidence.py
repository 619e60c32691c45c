"""What speaks for a known mistake besides the outputs: lints of the file, ends of its scales.

Each piece of evidence is a sentence by the number of the mistake (`tflm_hil.explain.suspects`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison import RungOutputs
from tflm_hil.comparison.drift import drift
from tflm_hil.errors import ComparisonError, CorruptModel
from tflm_hil.models.tflite.inspect import Inspection, inspect
from tflm_hil.models.tflite.lints import lint
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.zoo.manifest import Variant

# Lints that say of a mistake that it is there. The clip of a fused LSTM is always there.
LINTS = {"state-scales": 5, "fused-state-scales": 7, "bias-scale": 8}
CALIBRATION, DRIFT = 11, 10

SATURATED = 0.01
"""A larger share of inputs beyond the scale's ends is no chance (as in `hil convert`)."""

LONG = 50  # steps; over fewer every error grows: it begins with none

BINS = 8  # of a histogram


def evidence(
    variant: Variant, inputs: NDArray[np.float32], failing: RungOutputs, against: RungOutputs
) -> dict[int, str]:
    """For a variant whose rung `failing` missed a limit. `inputs` are the test sequences."""
    try:
        model = inspect(variant.content())
    except CorruptModel:
        return {}
    found: dict[int, str] = {}
    for finding in lint(model):
        if finding.code in LINTS:
            found.setdefault(LINTS[finding.code], f"The file shows it: {finding.sentence}.")
    saturated = saturation(model, inputs)
    if saturated:
        found[CALIBRATION] = saturated
    grows = growth(failing, against)
    if grows:
        found[DRIFT] = grows
    return found


def saturation(model: Inspection, inputs: NDArray[np.float32]) -> str:
    """A sentence with a histogram if more than 1 % of the inputs lie beyond the input's scale."""
    named = model.signatures[0].inputs if model.signatures else {}
    tensors = {tensor.index: tensor for tensor in model.inputs}
    tensor = tensors.get(named.get("x", -1), model.inputs[0])
    quantization = Quantization.of(tensor)
    beyond = quantization.saturated(inputs)
    if beyond <= SATURATED * inputs.size:
        return ""
    ends = np.iinfo(np.dtype(quantization.dtype))
    low, high = (float(quantization.dequantize(np.array(end))) for end in (ends.min, ends.max))
    return (
        f"{beyond / inputs.size:.0%} of the inputs lie beyond the input's scale, {low:.3g} to"
        f" {high:.3g}: {histogram(inputs, low, high)}."
    )


def histogram(values: NDArray[np.float32], low: float, high: float) -> str:
    """Shares of `values` from end to end in words: below, between, above."""
    edges = np.linspace(low, high, BINS + 1)
    inside, _ = np.histogram(values, edges)
    below, above = np.mean(values < low), np.mean(values > high)
    shares = " ".join(f"{count / values.size:.0%}" for count in inside)
    return f"{below:.0%} below, {shares} between, {above:.0%} above"


def growth(failing: RungOutputs, against: RungOutputs) -> str:
    """How the error grows with the steps, if it does."""
    try:
        found = drift("", failing, "", against)
    except ComparisonError:
        return ""
    if len(found.rms) < LONG or found.trend.kind not in ("linear", "diverging"):
        return ""
    steps = [step for step in (10, 100, 1000) if step < len(found.rms)]
    course = ", ".join(f"{found.rms[step]:.3g} at step {step}" for step in (*steps, -1))
    return course.replace("step -1", f"step {len(found.rms) - 1}")
