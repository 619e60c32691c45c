"""Limits: bounds, units, and what makes no sense."""

import math

import pytest
from tflm_hil.comparison.limits import Limit


def test_maximum_is_inclusive() -> None:
    limit = Limit("device", "max_lsb", maximum=2)
    assert limit.allows(2)
    assert not limit.allows(3)
    assert limit.unit == "LSB"


def test_minimum_is_inclusive() -> None:
    limit = Limit("device", "accuracy", minimum=0.95)
    assert limit.allows(0.95)
    assert not limit.allows(0.9499)


def test_nan_is_never_within() -> None:
    assert not Limit("device", "cosine", minimum=-1.0).allows(math.nan)
    assert not Limit("device", "max_abs", maximum=1e9).allows(math.nan)


def test_infinity_is_beyond_every_maximum() -> None:
    assert not Limit("device", "max_abs", maximum=1e9).allows(math.inf)


def test_says_itself() -> None:
    assert str(Limit("device", "max_lsb", maximum=0)) == "max_lsb ≤ 0 LSB"
    assert str(Limit("keras", "accuracy", minimum=0.95)) == "accuracy ≥ 0.95"


def test_limit_of_one_engine_holds_for_no_other() -> None:
    limit = Limit("device", "max_abs", maximum=1e-6, engine="builtin")
    assert limit.holds_for("builtin")
    assert not limit.holds_for("tflm")
    assert Limit("device", "max_abs", maximum=1e-6).holds_for("tflm")


@pytest.mark.parametrize(
    ("limit", "holds"),
    [
        (Limit("device", "differing", maximum=0), True),
        (Limit("tflm", "max_lsb", maximum=3), True),
        (Limit("tflite", "max_abs", maximum=0.1), True),
        (Limit("device", "argmax_agreement", minimum=1.0), True),
        (Limit("tflite", "argmax_agreement", minimum=0.98), False),
        (Limit("keras", "accuracy", minimum=0.95), False),
        (Limit("keras", "label_rmse", maximum=0.25), False),
        (Limit("tflite", "cosine", minimum=1.0), False),
    ],
)
def test_extremes_hold_for_a_part_of_the_sequences_and_means_do_not(
    limit: Limit, holds: bool
) -> None:
    assert limit.holds_for_a_part is holds


@pytest.mark.parametrize(
    ("rung", "engine", "word"),
    [("device", "cmsis", "no engine 'cmsis'"), ("tflm", "tflm", "only the device has")],
)
def test_engine_that_cannot_be_is_refused(rung: str, engine: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Limit(rung, "max_abs", maximum=1.0, engine=engine)


@pytest.mark.parametrize(
    ("measure", "bounds", "word"),
    [
        ("max_lbs", {"maximum": 1.0}, "max_lbs"),
        ("max_abs", {}, "no minimum"),
        ("max_abs", {"maximum": math.inf}, "inf"),
        ("max_abs", {"maximum": math.nan}, "nan"),
    ],
)
def test_nonsense_is_refused(measure: str, bounds: dict[str, float], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Limit("device", measure, **bounds)
