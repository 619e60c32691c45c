"""Drift over the samples of a variant that puts out every step: each rung against the last."""

from __future__ import annotations

from tflm_hil.comparison.align import aligned
from tflm_hil.comparison.drift import drifts
from tflm_hil.measure.measure import Measured
from tflm_hil.measure.time_steps import steps_of_variant
from tflm_hil.models.tflite.states import suspected_pairs
from tflm_hil.references import References
from tflm_hil.report.drifting import DriftRecord
from tflm_hil.vocabulary import RungName


def sample_drift(measured: Measured, references: References) -> tuple[DriftRecord, ...]:
    """Empty for a model with one output a sequence, and for one without steps of time: the rows of
    a picture are none. So it is where something may be a state and was fed as data: nothing is
    known then of how errors are carried on. Rungs without steps are left out.
    """
    device, variant = measured.outputs, measured.variant
    if not device.per_step or steps_of_variant(variant).count is None:
        return ()
    if suspected_pairs(variant.inspection()):
        return ()
    rungs = {name: rung for name, rung in references.rungs.items() if rung.per_step}
    return tuple(item.record for item in drifts(aligned({**rungs, RungName.DEVICE: device})))
