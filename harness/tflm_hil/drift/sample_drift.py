"""Drift over the samples of a variant that puts out every step: each rung against the last."""

from __future__ import annotations

from tflm_hil.comparison.align import aligned
from tflm_hil.comparison.drift import drifts
from tflm_hil.measure.measure import Measured
from tflm_hil.measure.time_steps import steps_of_variant
from tflm_hil.references import References
from tflm_hil.report.drifting import DriftRecord
from tflm_hil.vocabulary import RungName


def sample_drift(measured: Measured, references: References) -> tuple[DriftRecord, ...]:
    """Empty for a model with one output a sequence, and for one without steps of time: the rows of
    a picture are none. Rungs without steps are left out.
    """
    device = measured.outputs
    if not device.per_step or steps_of_variant(measured.variant).count is None:
        return ()
    rungs = {name: rung for name, rung in references.rungs.items() if rung.per_step}
    return tuple(item.record for item in drifts(aligned({**rungs, RungName.DEVICE: device})))
