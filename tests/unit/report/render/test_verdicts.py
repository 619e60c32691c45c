"""The verdict in words, from the records alone."""

from dataclasses import replace
from typing import Any

import pytest
from tflm_hil.report.judgement import Failure, Limit, Measurement, Rung, Scope, Verdict
from tflm_hil.report.records import VariantRecord
from tflm_hil.report.render.verdicts import failure_sentence, pass_sentence, verdict_text
from tflm_hil.vocabulary import Measure, RungName

from tests.unit.report import synthetic

KERAS, TFLITE, TFLM, DEVICE = (
    RungName.KERAS, RungName.TFLITE, RungName.TFLM, RungName.DEVICE,
)  # fmt: skip
RUNGS = synthetic.variant("int8", "loop").rungs


def rungs(changed: RungName, **changes: object) -> tuple[Rung, ...]:
    return tuple(
        replace(rung, **changes) if rung.name is changed else rung  # type: ignore[arg-type]
        for rung in RUNGS
    )


def broken(rung: RungName, measure: Measure, value: float, **bounds: Any) -> Measurement:
    return Measurement(measure, value, rung, limit=Limit(rung, measure, **bounds))


@pytest.mark.parametrize(
    ("at", "measure", "value", "allowed", "words"),
    [
        (TFLITE, Measure.MAX_ABS, 0.1953, 0.1, ("between Keras and TFLite", "quantisation")),
        (TFLM, Measure.MAX_LSB, 50, 2, ("between TFLite and desktop TFLM", "50 LSB", "2 LSB")),
        (DEVICE, Measure.MAX_LSB, 50, 0, ("between desktop TFLM and the device", "on the target")),
    ],
)
def test_a_difference_is_told_with_place_size_and_what_it_can_come_from(
    at: RungName, measure: Measure, value: float, allowed: float, words: tuple[str, ...]
) -> None:
    changed = rungs(at, **{measure.value: value, "worst": (7, 3)})
    failure = Failure(at, broken(at, measure, value, maximum=allowed))
    text = failure_sentence(changed, failure)
    for word in (*words, "sequence 7", f"allowed are at most {allowed:g}", "Possible causes"):
        assert word in text
    assert "Possible causes" not in failure_sentence(changed, failure, guess=False)


def test_step_and_numbers_that_are_not_finite_are_told() -> None:
    changed = rungs(DEVICE, max_abs=1.0, worst=(3, 4), nonfinite=1, first_differing_step=5)
    text = failure_sentence(
        changed, Failure(DEVICE, broken(DEVICE, Measure.MAX_ABS, 1.0, maximum=1e-6))
    )
    assert "(worst in sequence 3, first difference at step 5, 1 values are not finite)" in text


def test_lost_accuracy_is_told_with_what_the_rung_before_has() -> None:
    changed = tuple(replace(rung, accuracy=0.5) for rung in RUNGS[2:])
    check = broken(DEVICE, Measure.ACCURACY, 0.5, minimum=0.95)
    text = failure_sentence((*RUNGS[:2], *changed), Failure(TFLM, check))
    assert text == (
        "The error enters at desktop TFLM: the accuracy is 0.5, required are at least 0.95; TFLite"
        " still has 0.9694."
    )
    never = failure_sentence(RUNGS, Failure(KERAS, check))
    assert "before anything was converted" in never


def test_a_pass_says_how_close_it_is() -> None:
    assert pass_sentence(rungs(TFLITE, max_abs=0.0)[:1]).startswith("Only Keras was run")
    equal = tuple(replace(rung, max_abs=0.0) for rung in RUNGS[1:])
    assert pass_sentence(equal) == "The device equals desktop TFLM in all 3600 values."
    assert pass_sentence(RUNGS) == (
        "The device equals desktop TFLM in all 3600 values; the largest step of the ladder, 0.0508,"
        " is from TFLite to desktop TFLM."
    )
    near = rungs(DEVICE, max_abs=0.9, differing=3, max_lsb=2)
    assert "differs from desktop TFLM by at most 2 LSB in 3 of 3600" in pass_sentence(near)


def with_broken(scope: Scope, tensor: int | None = None) -> VariantRecord:
    """A variant whose ladder is right and whose check of another scope is not."""
    limit = Limit(DEVICE, Measure.DIFFERING, maximum=0)
    check = Measurement(Measure.DIFFERING, 3, DEVICE, scope, tensor, limit=limit)
    made = synthetic.variant("int8", "step")
    return replace(
        made,
        verdict=Verdict.FAIL,
        failure=Failure(DEVICE, check),
        measurements=(*made.measurements, check),
    )


def test_what_is_beside_the_ladder_is_named() -> None:
    text = verdict_text(with_broken(Scope.STATE, 2))
    assert text == "the last step is right, others are not: device.state.2.differing is 3 values"
    text = verdict_text(with_broken(Scope.LONG_RUN))
    assert text == "the samples are right, steps in one are not: drift.differing is 3 values."


def test_an_error_is_its_own_sentence_and_nothing_measured_is_none() -> None:
    assert verdict_text(synthetic.broken_variant()) == "HardFault during inference"
    assert verdict_text(replace(synthetic.variant("int8", "step"), rungs=())) == ""
