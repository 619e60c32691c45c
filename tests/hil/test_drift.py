"""A thousand steps without a reset, for every variant that carries a state.

One long sequence of the variant's own samples goes through the device, which feeds its states back
itself, and through every reference; then, where the states can be written, once more with every
step starting from desktop TFLM's state. The drift of every rung is in the report, in words.
"""

from __future__ import annotations

import pytest
from tflm_hil.comparison.chaos import ALLOWED
from tflm_hil.drift.long_sequence import STEPS, carries_state
from tflm_hil.drift.long_sequence_run import ONE_STEP, LongRun
from tflm_hil.drift.teacher_forced import FEWEST_STEPS
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.drifting import TrendKind
from tflm_hil.report.render.causes import explanation_lines
from tflm_hil.report.render.drifts import chaos_sentence, drift_lines, long_run_lines
from tflm_hil.run.run import Run
from tflm_hil.vocabulary import ExportKind, RungName

pytestmark = pytest.mark.hil_where(holds=carries_state)


@pytest.fixture
def long_run(hil: Run, bench: object, variant: Variant) -> LongRun:  # noqa: ARG001
    """The variant over its long sequence, done once."""
    return hil.over_long_sequence(variant)


def test_integers_equal_desktop_tflm_for_a_thousand_steps(long_run: LongRun) -> None:
    """Outputs and states, at every step; what floats may do is the next test."""
    assert long_run.references.sequence.steps >= STEPS
    if long_run.record.integer:
        assert long_run.record.differing == 0, told(long_run)


def told(long_run: LongRun) -> list[str]:
    """How it drifts and, where that is known, why."""
    why = long_run.explanation
    lines = () if why is None else explanation_lines(why)
    return [*lines, *long_run_lines(long_run.record)]


def test_floats_part_no_faster_than_rounding_makes_them(long_run: LongRun) -> None:
    """A chaotic network makes O(1) of any rounding, on the desktop too: that is not an error."""
    chaos = long_run.record.chaos
    if chaos is not None:
        assert chaos.excess <= ALLOWED, chaos_sentence(chaos)


def test_every_step_is_right_by_itself(long_run: LongRun) -> None:
    """From desktop TFLM's state: no error hides behind the states that it made."""
    forced = long_run.record.forced
    if forced is None:
        assert long_run.variant.export != ExportKind.STEP
    else:
        invokes = long_run.references.sequence.invokes
        assert forced.steps >= min(FEWEST_STEPS, invokes)
        assert forced.values * invokes == long_run.record.values * forced.steps, (
            "all outputs and states"
        )
        assert forced.differing == 0
        assert forced.share <= ONE_STEP


def test_drift_of_every_rung_is_in_the_report(hil: Run, long_run: LongRun) -> None:
    record = long_run.record
    rungs = {(drift.name, drift.against) for drift in record.drifts}
    assert (RungName.DEVICE, RungName.TFLM) in rungs
    assert (RungName.TFLM, RungName.TFLITE) in rungs or not long_run.references.tflite
    if long_run.variant.keras is not None and long_run.variant.export == ExportKind.STEP:
        assert (RungName.TFLITE, RungName.KERAS) in rungs, record.without_keras
    assert all(drift.trend.kind is not TrendKind.TOO_SHORT for drift in record.drifts)
    whole = hil.record_of(long_run.variant)
    assert whole.long_run == record
    assert drift_lines(whole) == tuple(long_run_lines(record))
