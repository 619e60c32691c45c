"""A thousand steps without a reset, for every variant that remembers.

One long sequence of the variant's own samples goes through the device, which feeds its states back
itself, and through every reference; then, where the states can be written, once more with every
step starting from desktop TFLM's state. The drift of every rung is in the report, in words.
"""

from __future__ import annotations

import pytest
from tflm_hil.comparison.chaos import ALLOWED
from tflm_hil.drift.long_run import ONE_STEP, LongRun
from tflm_hil.drift.long_sequence import STEPS, remembers
from tflm_hil.drift.teacher_forced import FEWEST_STEPS
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.run.run import Run

pytestmark = pytest.mark.hil_where(holds=remembers)


@pytest.fixture
def long_run(hil: Run, bench: object, variant: Variant) -> LongRun:  # noqa: ARG001
    """The variant over its long sequence, done once."""
    return hil.long_run(variant)


def test_integers_equal_desktop_tflm_for_a_thousand_steps(long_run: LongRun) -> None:
    """Outputs and states, at every step; what floats may do is the next test."""
    assert long_run.references.sequence.steps >= STEPS
    if long_run.outputs[0].integer:
        assert long_run.differing == 0, long_run.sentences


def test_floats_part_no_faster_than_rounding_makes_them(long_run: LongRun) -> None:
    """A chaotic network makes O(1) of any rounding, on the desktop too: so much is no error."""
    if long_run.chaos is not None:
        assert long_run.chaos.excess <= ALLOWED, long_run.chaos.sentence


def test_every_step_is_right_by_itself(long_run: LongRun) -> None:
    """From desktop TFLM's state: no error hides behind the states that it made."""
    forced = long_run.forced
    if forced is None:
        assert long_run.variant.export != "step"
    else:
        invokes = long_run.references.sequence.invokes
        assert forced.steps >= min(FEWEST_STEPS, invokes)
        assert forced.values * invokes == long_run.values * forced.steps, "all outputs and states"
        assert forced.differing == 0
        assert forced.share <= ONE_STEP


def test_drift_of_every_rung_is_said_in_the_report(hil: Run, long_run: LongRun) -> None:
    rungs = {(drift.name, drift.against) for drift in long_run.drifts}
    assert ("device", "tflm") in rungs
    assert ("tflm", "tflite") in rungs or not long_run.references.tflite
    if long_run.variant.keras is not None and long_run.variant.export == "step":
        assert ("tflite", "keras") in rungs, long_run.references.without_keras
    record = hil.record_of(long_run.variant)
    assert record.drift == long_run.sentences
    assert all(drift.trend.kind in ("bounded", "linear", "diverging") for drift in long_run.drifts)
