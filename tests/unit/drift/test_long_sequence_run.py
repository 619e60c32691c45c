"""What a long run is held to: every limit at its bound, and just beyond it."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nextafter

import pytest
from tflm_hil.comparison.chaos import ALLOWED
from tflm_hil.drift.long_sequence_run import ONE_STEP, measurements
from tflm_hil.report.drifting import ChaosRecord, ForcedRecord, LongRunRecord
from tflm_hil.report.judgement import Scope, Verdict
from tflm_hil.vocabulary import Measure

FORCED = ForcedRecord(steps=100, values=200, differing=0, max_abs=0.0, share=0.0)
INTEGERS = LongRunRecord(
    invokes=1000,
    rows=1,
    integer=True,
    differing=0,
    values=2000,
    drifts=(),
    from_keras=None,
    without_keras="no Keras model",
    chaos=None,
    forced=FORCED,
    states=(),
    descent=None,
    link=None,
)
CHAOS = ChaosRecord(excess=0.0, first_step=None, own=0.5, large_from=None, large=1e-3)
FLOATS = replace(INTEGERS, integer=False, chaos=CHAOS)


def verdicts(record: LongRunRecord) -> dict[tuple[Scope, Measure], Verdict]:
    return {(item.scope, item.measure): item.verdict for item in measurements(record)}


def test_integers_and_floats_are_held_to_what_they_can_miss() -> None:
    assert verdicts(INTEGERS) == {
        (Scope.LONG_RUN, Measure.DIFFERING): Verdict.PASS,
        (Scope.FORCED, Measure.DIFFERING): Verdict.PASS,
    }
    assert verdicts(FLOATS) == {
        (Scope.LONG_RUN, Measure.EXCESS): Verdict.PASS,
        (Scope.FORCED, Measure.MAX_SHARE): Verdict.PASS,
    }


def test_no_integer_may_differ() -> None:
    long = verdicts(replace(INTEGERS, differing=1))
    assert long[Scope.LONG_RUN, Measure.DIFFERING] is Verdict.FAIL
    assert long[Scope.FORCED, Measure.DIFFERING] is Verdict.PASS
    forced = verdicts(replace(INTEGERS, forced=replace(FORCED, differing=1)))
    assert forced[Scope.LONG_RUN, Measure.DIFFERING] is Verdict.PASS
    assert forced[Scope.FORCED, Measure.DIFFERING] is Verdict.FAIL


@pytest.mark.parametrize(
    ("excess", "verdict"),
    [(ALLOWED, Verdict.PASS), (nextafter(ALLOWED, inf), Verdict.FAIL), (inf, Verdict.FAIL)],
)
def test_floats_part_as_far_as_rounding_explains(excess: float, verdict: Verdict) -> None:
    record = replace(FLOATS, chaos=replace(CHAOS, excess=excess))
    assert verdicts(record)[Scope.LONG_RUN, Measure.EXCESS] is verdict


@pytest.mark.parametrize(
    ("share", "verdict"), [(ONE_STEP, Verdict.PASS), (nextafter(ONE_STEP, inf), Verdict.FAIL)]
)
def test_a_single_step_of_floats_is_as_close_as_one_rounding(
    share: float, verdict: Verdict
) -> None:
    record = replace(FLOATS, forced=replace(FORCED, share=share))
    assert verdicts(record)[Scope.FORCED, Measure.MAX_SHARE] is verdict
