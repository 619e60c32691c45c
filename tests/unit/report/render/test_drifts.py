"""Sentences about drift: what each record makes of itself."""

from dataclasses import replace

import pytest
from tflm_hil.report.drifting import (
    ChaosRecord,
    DriftRecord,
    ForcedRecord,
    LongRunRecord,
    Saturation,
    Trend,
    TrendKind,
)
from tflm_hil.report.render.drifts import (
    WINDOW,
    chaos_sentence,
    drift_lines,
    drift_sentence,
    long_run_lines,
    saturation_sentence,
)
from tflm_hil.report.render.wording import short
from tflm_hil.vocabulary import RungName

from tests.unit.report import synthetic

BOUNDED = Trend(TrendKind.BOUNDED, 0.01, 0.0, 1.0, 0.0)
EQUAL = DriftRecord(
    RungName.DEVICE, RungName.TFLM, 1, 1000, 0.0, BOUNDED, None, None, False, Saturation(0, 9, None)
)
DIFFERENT = replace(EQUAL, name=RungName.TFLITE, against=RungName.KERAS, max_abs=0.25)
DIFFERENT = replace(DIFFERENT, first_differing_step=7)
RUN = LongRunRecord(
    invokes=1000,
    rows=1,
    integer=True,
    differing=0,
    values=2000,
    drifts=(replace(EQUAL, name=RungName.TFLM, against=RungName.TFLITE), EQUAL),
    from_keras=replace(EQUAL, against=RungName.KERAS),
    without_keras="",
    chaos=None,
    forced=None,
    states=(),
    descent=None,
    link=None,
)
CHAOS = ChaosRecord(excess=1.0, first_step=None, own=0.5, large_from=300, large=1e-3)


def lines(**changes: object) -> list[str]:
    return list(long_run_lines(replace(RUN, **changes)))  # type: ignore[arg-type]


def moving(kind: TrendKind, **more: float) -> str:
    trend = replace(BOUNDED, kind=kind, **more)  # type: ignore[arg-type]
    return drift_sentence(replace(DIFFERENT, trend=trend))


def test_equal_rungs_are_said_to_be() -> None:
    assert drift_sentence(EQUAL) == "The device against desktop TFLM: no difference in 1000 steps."


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        (TrendKind.BOUNDED, {}, "the error is bounded (RMS 0.01 in the second half)."),
        (TrendKind.BOUNDED, {"jump_step": 123}, "is bounded but jumps at step 123"),
        (TrendKind.LINEAR, {"slope": 2e-4}, "grows linearly, by 0.2 in 1000 steps"),
        (TrendKind.DIVERGING, {"doubling_steps": 35.0}, "diverges, doubling every 35 steps"),
        (TrendKind.DIVERGING, {}, "the error diverges (RMS"),
        (TrendKind.TOO_SHORT, {}, "too few steps to tell a drift"),
    ],
)
def test_kind_of_drift_is_said(kind: TrendKind, more: dict[str, float], words: str) -> None:
    text = moving(kind, **more)
    assert text.startswith("TFLite against Keras: first difference at step 7, at most 0.25 in 1000")
    assert words in text


def test_bounds_that_are_left_and_outputs_that_are_lost_are_said() -> None:
    text = drift_sentence(replace(DIFFERENT, first_diverging_step=250, lost=True))
    assert text.endswith(", beyond its bounds from step 250 on, as large as the outputs vary.")


def test_what_is_not_finite_reads_the_same_after_it_was_stored() -> None:
    """JSON has neither infinity nor NaN: both come back as NaN."""
    told = {moving(TrendKind.DIVERGING, level=level) for level in (float("inf"), float("nan"))}
    assert len(told) == 1


def test_every_rung_has_its_line_and_the_device_is_held_against_keras() -> None:
    assert [line.split(":")[0] for line in lines()] == [
        "Desktop TFLM against TFLite",
        "The device against desktop TFLM",
        "The device against Keras",
    ]


def test_windows_are_explained_first_and_not_called_steps() -> None:
    first, *others = lines(invokes=125, rows=8, forced=ForcedRecord(125, 250, 0, 0.0, 0.0))
    assert first.startswith("1,000 steps are 125 windows of 8")
    assert "125 windows, each from desktop TFLM's own state: no difference in 250 values." in others
    text = drift_sentence(DIFFERENT, WINDOW)
    assert "first difference at window 7" in text
    assert "in 1000 windows" in text


def test_why_keras_is_missing_is_said() -> None:
    told = lines(from_keras=None, without_keras="no such layer")
    assert "Keras did not run the long sequence: no such layer." in told


def test_saturated_states_are_counted_by_name() -> None:
    assert saturation_sentence(Saturation(2, 60, 4, "h")) == (
        "State h: 2 of 60 values (3.33%) are at an end of their range, first at step 4."
    )
    told = lines(states=(Saturation(1, 250, 40, "h"), Saturation(0, 250, None, "c")))
    assert [line for line in told if "range" in line] == [
        "State h: 1 of 250 values (0.40%) are at an end of their range, first at step 40."
    ]
    assert "No state reaches an end of its range." in lines(states=(Saturation(0, 9, None, "h"),))


def test_forced_steps_that_differ_are_counted() -> None:
    told = lines(forced=ForcedRecord(100, 200, 3, 0.0, 0.0))
    assert "100 steps, each from desktop TFLM's own state: 3 of 200 values differ." in told


def test_chaos_is_told_where_there_is_any() -> None:
    assert any("multiplies every rounding" in line for line in lines(chaos=CHAOS))
    quiet = replace(CHAOS, own=1e-6, large_from=None)
    assert chaos_sentence(quiet) == ""
    beyond = chaos_sentence(replace(CHAOS, excess=40.0, first_step=250))
    assert beyond.startswith("From step 250 on the device is further from desktop TFLM than")
    assert "40 times" in beyond


def test_samples_are_told_of_unless_there_was_a_long_run() -> None:
    variant = synthetic.regression_variant()
    (line,) = drift_lines(variant)
    assert "the error diverges, doubling every 12 steps" in line
    assert drift_lines(replace(variant, long_run=RUN)) == tuple(lines())


def test_sizes_have_two_digits_and_counts_none() -> None:
    assert [short(value) for value in (2.384e-07, 0.0489, 46.57, 2281.4)] == [
        "2.4e-07", "0.049", "47", "2,281",
    ]  # fmt: skip
