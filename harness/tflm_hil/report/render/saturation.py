"""Samples beyond the scale of an input, in words."""

from __future__ import annotations

from collections.abc import Iterator

from tflm_hil.report.records import InputSaturation, SaturationReason, VariantRecord
from tflm_hil.vocabulary import Precision

WORTH_TELLING = 0.01
"""Of the values; a calibration with some of the data always leaves out a few."""


def saturation_lines(variant: VariantRecord) -> Iterator[str]:
    """One for each input of which more than a few values saturate."""
    for found in variant.input_saturation:
        if found.share > WORTH_TELLING:
            yield saturation_text(found, variant.dtype)


def saturation_text(found: InputSaturation, dtype: str = "int8") -> str:
    """How much of a model of this type saturates, and what helps against this reason."""
    return (
        f"{found.share:.0%} of the values of input {found.name} lie beyond what its scale holds"
        f" ({found.low:.4g} to {found.high:.4g}; given are {found.least:.4g} to {found.most:.4g})"
        f" and saturate: {_remedy(found, dtype)}"
    )


def _remedy(found: InputSaturation, dtype: str) -> str:
    if found.reason is SaturationReason.OTHER_UNIT:
        return "scale the samples as in training"
    if found.reason is SaturationReason.TIED:
        return (
            f"the scale is shared with {found.tied_to}, and other calibration data do not change"
            " that; scale the input in the model before the two meet, or convert to"
            f" {'int16x8 or ' if dtype == Precision.INT8 else ''}float32"
        )
    return "calibrate with data that reach as far, or scale the samples as in training"
