"""Does every input's integer scale hold the values that the model will get?

What lies beyond it arrives as one value. Looked at are the samples, test inputs rather than the
representative data where there are both, in every input.
"""

from __future__ import annotations

import numpy as np

from tflm_hil.models.convert.exports.refusals import RefusedError
from tflm_hil.models.convert.samples import KerasInput, Sequences
from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.layout import InputTensor, bound_inputs
from tflm_hil.models.tflite.quantize import Quantization

# A larger share of values beyond the input's scale is an error, not chance.
SATURATED = 0.01


def check_saturation(
    model: Inspection, inputs: tuple[KerasInput, ...], sequences: Sequences
) -> list[str]:
    """A sentence for every input of which few values saturate.

    Raises RefusedError if more than 1 % of an input do: the representative data was of another
    range.
    """
    notes = []
    tensors = bound_inputs(model, [item.names for item in inputs])
    for item, tensor in zip(inputs, tensors, strict=True):
        array = sequences[item.name]
        beyond = tensor.quantization.saturated(array)
        if not beyond:
            continue
        share = beyond / array.size
        low, high = range_of(tensor)
        name = f" of {item.name}" if len(inputs) > 1 else ""
        what = (
            f"{share:.2%} of the input values{name} lie beyond the input's scale, which holds"
            f" {low:.4g} to {high:.4g}; they saturate"
        )
        if share > SATURATED:
            raise RefusedError(
                what, "calibrate with data of the same range and normalisation as the inputs"
            )
        notes.append(what)
    return notes


def range_of(tensor: InputTensor) -> tuple[float, float]:
    """The least and the largest number that a quantised input holds."""
    scale: Quantization = tensor.quantization
    limits = np.iinfo(scale.dtype)
    low, high = scale.dequantize(np.array([limits.min, limits.max]))
    return float(low), float(high)
