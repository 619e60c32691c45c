"""Drift of a variant that puts out every step: a sentence for each rung against the one before."""

from __future__ import annotations

from tflm_hil.comparison.align import aligned
from tflm_hil.comparison.drift import drifts
from tflm_hil.measure.measure import Measured
from tflm_hil.measure.step_by_step import by_output
from tflm_hil.references import References


def drift_lines(measured: Measured, references: References) -> tuple[str, ...]:
    """Empty for a model with one output a sequence; rungs without steps are left out."""
    first = by_output(measured.streamed.blocks, measured.model)[0]
    device = references.device_outputs(first)
    if not device.per_step:
        return ()
    rungs = {name: rung for name, rung in references.rungs.items() if rung.per_step}
    found = drifts(aligned({**rungs, "device": device}))
    ends = found[-1].saturation.sentence("The output") if found[-1].saturation else ""
    return (*(drift.sentence for drift in found), *filter(None, [ends]))
