"""What is said of an operator and of a mistake together. Whole explanations of real failures:
tests/integration/explain."""

from __future__ import annotations

from dataclasses import replace

from tflm_hil.explain.explain import cause_at
from tflm_hil.report.causes import Candidate, Cause, Origin
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import Mistake, OperatorRounds, Way

from tests.unit.report.explanations import CULPRIT, TENSOR

REVERSED = Mistake(Way.TIME_REVERSED)
KNOWN = Cause(CauseKind.TIME_SHIFT, REVERSED, share=0.99, difference=0.5, left=0.05)
UNKNOWN = Cause(
    CauseKind.UNKNOWN,
    difference=0.5,
    nearest=Candidate(CauseKind.TIME_SHIFT, REVERSED, 0.3, 0.4),
)


def test_a_known_mistake_acts_at_the_operator() -> None:
    assert cause_at(CULPRIT, Origin.OPERATOR, KNOWN) == replace(KNOWN, site=CULPRIT)
    assert cause_at(CULPRIT, Origin.ROUNDING, KNOWN) == replace(KNOWN, site=CULPRIT)


def test_without_an_operator_a_cause_stays_as_it_is() -> None:
    assert cause_at(None, Origin.UNKNOWN, KNOWN) == KNOWN
    assert cause_at(None, Origin.LEAK, UNKNOWN) == UNKNOWN
    assert cause_at(None, Origin.UNKNOWN, None) is None


def test_an_operator_that_rounds_is_a_kernel_variant() -> None:
    off_by_one = replace(CULPRIT, tensor=replace(TENSOR, max_abs=1.0))
    cause = cause_at(off_by_one, Origin.ROUNDING, UNKNOWN)
    assert cause is not None
    assert cause.kind is CauseKind.KERNEL_VARIANTS
    assert cause.mistake == Mistake(OperatorRounds("LOGISTIC", 1.0))
    assert cause.site == off_by_one


def test_an_operator_that_no_mistake_explains_is_a_cause_without_a_name() -> None:
    assert cause_at(CULPRIT, Origin.OPERATOR, UNKNOWN) == replace(UNKNOWN, site=CULPRIT)
    assert cause_at(CULPRIT, Origin.OPERATOR, None) == Cause(CauseKind.UNKNOWN, site=CULPRIT)
