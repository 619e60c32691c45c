"""Limits: bounds, units, and what makes no sense."""

import math
from typing import Any

import pytest
from tflm_hil.report.judgement import Limit, Measurement, Part, Scope, Verdict, worst
from tflm_hil.vocabulary import Engine, Measure, RungName, Unit


def test_maximum_is_inclusive() -> None:
    limit = Limit(RungName.DEVICE, Measure.MAX_LSB, maximum=2)
    assert limit.allows(2)
    assert not limit.allows(3)
    assert limit.unit == "LSB"


def test_minimum_is_inclusive() -> None:
    limit = Limit(RungName.DEVICE, Measure.ACCURACY, minimum=0.95)
    assert limit.allows(0.95)
    assert not limit.allows(0.9499)


def test_nan_is_never_within() -> None:
    assert not Limit(RungName.DEVICE, Measure.COSINE, minimum=-1.0).allows(math.nan)
    assert not Limit(RungName.DEVICE, Measure.MAX_ABS, maximum=1e9).allows(math.nan)


def test_infinity_is_beyond_every_maximum() -> None:
    assert not Limit(RungName.DEVICE, Measure.MAX_ABS, maximum=1e9).allows(math.inf)


def test_limit_of_one_engine_holds_for_no_other() -> None:
    limit = Limit(RungName.DEVICE, Measure.MAX_ABS, maximum=1e-6, engine=Engine.BUILTIN)
    assert limit.holds_for("builtin")
    assert not limit.holds_for("tflm")
    assert Limit(RungName.DEVICE, Measure.MAX_ABS, maximum=1e-6).holds_for("tflm")


@pytest.mark.parametrize(
    ("limit", "holds"),
    [
        (Limit(RungName.DEVICE, Measure.DIFFERING, maximum=0), True),
        (Limit(RungName.TFLM, Measure.MAX_LSB, maximum=3), True),
        (Limit(RungName.TFLITE, Measure.MAX_ABS, maximum=0.1), True),
        (Limit(RungName.DEVICE, Measure.ARGMAX_AGREEMENT, minimum=1.0), True),
        (Limit(RungName.TFLITE, Measure.ARGMAX_AGREEMENT, minimum=0.98), False),
        (Limit(RungName.KERAS, Measure.ACCURACY, minimum=0.95), False),
        (Limit(RungName.KERAS, Measure.LABEL_RMSE, maximum=0.25), False),
        (Limit(RungName.TFLITE, Measure.COSINE, minimum=1.0), False),
    ],
)
def test_extremes_hold_for_a_part_of_the_sequences_and_means_do_not(
    limit: Limit, holds: bool
) -> None:
    assert limit.holds_for_a_part is holds


def test_only_the_device_has_an_engine() -> None:
    with pytest.raises(ValueError, match="only the device has"):
        Limit(RungName.TFLM, Measure.MAX_ABS, maximum=1.0, engine=Engine.TFLM)


@pytest.mark.parametrize(
    ("bounds", "word"),
    [({}, "no minimum"), ({"maximum": math.inf}, "inf"), ({"maximum": math.nan}, "nan")],
)
def test_nonsense_is_refused(bounds: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Limit(RungName.DEVICE, Measure.MAX_ABS, **bounds)


ZERO = Limit(RungName.DEVICE, Measure.DIFFERING, maximum=0)
BETWEEN = Limit(RungName.DEVICE, Measure.MAX_LSB, minimum=1, maximum=3)


@pytest.mark.parametrize(
    ("value", "limit", "verdict"),
    [
        (0, ZERO, Verdict.PASS),
        (1, ZERO, Verdict.FAIL),
        (1, BETWEEN, Verdict.PASS),
        (0, BETWEEN, Verdict.FAIL),
        (4, BETWEEN, Verdict.FAIL),
        (math.nan, ZERO, Verdict.FAIL),
        (5, None, Verdict.NONE),
    ],
)
def test_measurement_judges_itself(value: float, limit: Limit | None, verdict: Verdict) -> None:
    assert Measurement(Measure.DIFFERING, value, limit=limit).verdict is verdict


def test_what_was_measured_on_a_part_is_not_judged() -> None:
    some = Measurement(Measure.DIFFERING, 7, limit=ZERO, not_judged=Part(40, 371))
    assert some.verdict is Verdict.NONE


def test_names_say_what_was_measured_where() -> None:
    device, differing = RungName.DEVICE, Measure.DIFFERING
    named = [
        Measurement(Measure.ARENA, 1),
        Measurement(differing, 1, device),
        Measurement(differing, 1, device, Scope.STATE, tensor=3),
        Measurement(differing, 1, device, Scope.OUTPUT, tensor=0),
        Measurement(differing, 1, device, Scope.LONG_RUN),
        Measurement(Measure.MAX_ABS, 1, device, Scope.LONG_RUN, against=RungName.KERAS),
        Measurement(differing, 1, device, Scope.FORCED),
    ]
    assert [item.name for item in named] == [
        "arena",
        "device.differing",
        "device.state.3.differing",
        "device.output.0.differing",
        "drift.differing",
        "drift.device_keras.max_abs",
        "forced.differing",
    ]
    assert (named[0].unit, named[1].unit) == (Unit.BYTES, Unit.VALUES)


def test_worst_verdict_of_a_group() -> None:
    assert worst([Verdict.PASS, Verdict.FAIL, Verdict.ERROR]) is Verdict.ERROR
    assert worst([Verdict.PASS, Verdict.FAIL]) is Verdict.FAIL
    assert worst([Verdict.NONE, Verdict.PASS]) is Verdict.PASS
    assert worst([]) is Verdict.NONE
