"""Does every input's integer scale hold the values that the model will get?

What lies beyond it arrives as one value. Looked at are the samples, test inputs rather than the
representative data where there are both, in every input.
"""

from __future__ import annotations

from collections.abc import Sequence

from tflm_hil.models.convert.causes import range_of, tied
from tflm_hil.models.convert.exports.refusals import RefusedError
from tflm_hil.models.convert.samples import KerasInput, Sequences
from tflm_hil.models.convert.wording import cause_sentence, remedy_of
from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.layout import bound_inputs

# A larger share of values beyond the input's scale is an error, not chance.
SATURATED = 0.01


def check_saturation(
    model: Inspection,
    inputs: Sequence[KerasInput],
    sequences: Sequences,
    calibration: Sequences | None,
    *,
    faithful: bool,
    other: str,
) -> list[str]:
    """A sentence for every input of which few values saturate; `other` are types with wider scales,
    in words, "" for none (`wording.finer`).

    Raises RefusedError if more than 1 % of an input do. Its remedy depends on whether the scale is
    that of the input's own calibration data; if it is another's, and the model is `faithful` on
    such values nevertheless (it clips them itself, say), it is a sentence, too.
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
        if share <= SATURATED:
            notes.append(what)
            continue
        own = tied(model, item, tensor, calibration[item.name]) if calibration else []
        if own and faithful:
            notes.append(f"{what}. {cause_sentence(own[0])}; the outputs are Keras' nevertheless")
            continue
        if own:
            raise RefusedError(f"{what}. {cause_sentence(own[0])}", remedy_of(own[0], other))
        raise RefusedError(
            what, "calibrate with data of the same range and normalisation as the inputs"
        )
    return notes
