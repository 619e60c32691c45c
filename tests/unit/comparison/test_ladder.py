"""The ladder finds a planted error at every rung and names it."""

import numpy as np
import pytest
from tflm_hil.comparison import LadderResult, Limit, RungOutputs, compare_ladder
from tflm_hil.errors import ComparisonError

NAMES = ("keras", "tflite", "tflm", "device")
SCALE = 1 / 256
LABELS = np.arange(40) % 10

LIMITS = (
    Limit("keras", "accuracy", minimum=0.95),
    Limit("tflite", "max_abs", maximum=0.1),
    Limit("tflm", "max_lsb", maximum=2),
    Limit("device", "max_lsb", maximum=0),
    Limit("device", "differing", maximum=0),
    Limit("device", "accuracy", minimum=0.95),
)


def stored_outputs() -> np.ndarray:
    """Confident and right: class k has the largest output of sequence k."""
    stored = np.full((40, 10), -120, np.int8)
    stored[np.arange(40), LABELS] = 100
    return stored


def integers(stored: np.ndarray) -> RungOutputs:
    return RungOutputs.of_stored(stored, scale=SCALE, zero_point=-128)


def ladder(*, planted: str = "", lsb: int = 50, limits: tuple[Limit, ...] = LIMITS) -> LadderResult:
    """All rungs alike, but for `lsb` in one value from rung `planted` on."""
    rungs: dict[str, RungOutputs] = {}
    stored = stored_outputs()
    for name in NAMES:
        if name == planted:
            stored = stored.copy()
            stored[7, 3] += lsb
        outputs = integers(stored)
        rungs[name] = RungOutputs(outputs.values) if name == "keras" else outputs
    return compare_ladder(rungs, LABELS, limits)


def test_equal_rungs_pass() -> None:
    result = ladder()
    assert result.verdict == "pass"
    assert result.verdict_rung == ""
    assert result.largest_rung == ""
    assert result.accuracy == dict.fromkeys(NAMES, 1.0)
    assert result.sentence == "The device equals desktop TFLM in all 400 values."


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        ("tflite", ("between Keras and TFLite", "quantisation", "0.1953", "at most 0.1")),
        ("tflm", ("between TFLite and desktop TFLM", "50 LSB", "at most 2 LSB", "kernels")),
        ("device", ("between desktop TFLM and the device", "50 LSB", "at most 0 LSB")),
    ],
)
def test_a_planted_difference_is_named_at_its_rung(planted: str, words: tuple[str, ...]) -> None:
    result = ladder(planted=planted)
    assert result.verdict == "fail"
    assert result.verdict_rung == planted
    assert result.largest_rung == planted
    for word in (*words, "sequence 7"):
        assert word in result.sentence
    others = [rung for rung in result.rungs if rung.name != planted]
    assert all(not rung.differing for rung in others)


def test_one_lsb_on_the_device_fails() -> None:
    result = ladder(planted="device", lsb=1)
    assert (result.verdict, result.verdict_rung) == ("fail", "device")
    assert {check.limit.measure for check in result.broken} == {"max_lsb", "differing"}


def test_a_difference_within_its_limit_passes_and_is_still_named() -> None:
    result = ladder(planted="tflm", lsb=2)
    assert result.verdict == "pass"
    assert result.verdict_rung == ""
    assert result.largest_rung == "tflm"
    assert result.rung("tflm").lsb_histogram == ((0, 399), (2, 1))
    assert "from TFLite to desktop TFLM" in result.sentence


def test_the_first_of_several_errors_is_where_it_enters() -> None:
    stored = stored_outputs()
    worse = stored.copy()
    worse[0, 0] -= 30
    worst = worse.copy()
    worst[1, 1] -= 90
    rungs = {"tflite": integers(stored), "tflm": integers(worse), "device": integers(worst)}
    result = compare_ladder(rungs, LABELS, LIMITS)
    assert result.verdict_rung == "tflm"
    assert result.largest_rung == "device"


def test_lost_accuracy_is_attributed_to_the_rung_that_lost_it() -> None:
    wrong = np.roll(stored_outputs(), 1, axis=1)
    right = integers(stored_outputs())
    rungs = {"keras": right, "tflite": right, "tflm": integers(wrong), "device": integers(wrong)}
    limits = (Limit("device", "accuracy", minimum=0.95),)
    result = compare_ladder(rungs, LABELS, limits)
    assert (result.verdict, result.verdict_rung) == ("fail", "tflm")
    assert "enters at desktop TFLM" in result.sentence
    assert "TFLite still has 1" in result.sentence


def test_a_model_that_never_learned_is_not_the_devices_fault() -> None:
    bad = integers(np.roll(stored_outputs(), 1, axis=1))
    result = compare_ladder(
        {"keras": bad, "device": bad}, LABELS, [Limit("device", "accuracy", minimum=0.95)]
    )
    assert result.verdict_rung == "keras"
    assert "before anything was converted" in result.sentence


def test_nan_on_the_device_fails_and_is_said() -> None:
    values = integers(stored_outputs()).values
    broken = values.copy()
    broken[3, 4] = np.nan
    limits = [Limit("device", "max_abs", maximum=1e-6)]
    result = compare_ladder(
        {"tflm": RungOutputs(values), "device": RungOutputs(broken)}, None, limits
    )
    assert (result.verdict, result.verdict_rung) == ("fail", "device")
    assert "not finite" in result.sentence
    assert "sequence 3" in result.sentence


def test_a_missing_rung_is_stepped_over() -> None:
    right = integers(stored_outputs())
    result = compare_ladder({"tflite": right, "device": right}, LABELS, LIMITS)
    assert result.rung("device").against == "tflite"
    assert {limit.rung for limit in result.unchecked} == {"keras", "tflite", "tflm"}
    with pytest.raises(KeyError):
        result.rung("tflm")


def test_keras_is_held_to_the_equations_where_there_are_any() -> None:
    limit = Limit("keras", "max_abs", maximum=5e-6)
    right = RungOutputs(integers(stored_outputs()).values)
    wrong = RungOutputs(right.values + 1e-3)
    result = compare_ladder({"cells": right, "keras": wrong, "device": wrong}, LABELS, [limit])
    assert (result.verdict, result.verdict_rung) == ("fail", "keras")
    assert "between the cell equations and Keras" in result.sentence
    without = compare_ladder({"keras": wrong, "device": wrong}, LABELS, [limit])
    assert without.verdict == "none"
    assert without.unchecked == (limit,)


def test_first_rung_is_compared_with_nothing() -> None:
    first = ladder().rungs[0]
    assert (first.against, first.metrics, first.max_abs, first.lsb_histogram) == ("",) + (None,) * 3


def test_without_limits_there_is_no_verdict() -> None:
    result = ladder(planted="device", limits=())
    assert (result.verdict, result.verdict_rung) == ("none", "")
    assert result.largest_rung == "device"


def test_without_labels_there_is_no_accuracy() -> None:
    right = integers(stored_outputs())
    assert compare_ladder({"tflm": right, "device": right}).accuracy == {
        "tflm": None,
        "device": None,
    }


def test_regression_is_judged_by_rmse() -> None:
    labels = np.array([1.0, 2.0])
    good = RungOutputs(np.array([[1.0], [2.0]], np.float32))
    bad = RungOutputs(np.array([[1.0], [3.0]], np.float32))
    limits = [Limit("device", "label_rmse", maximum=0.1)]
    result = compare_ladder({"tflm": good, "device": bad}, labels, limits, task="regression")
    assert (result.verdict, result.verdict_rung) == ("fail", "device")
    assert result.rung("tflm").label_rmse == 0.0
    assert result.rung("device").accuracy is None


@pytest.mark.parametrize(
    ("limit", "word"),
    [
        (Limit("device", "max_lsb", maximum=0), "not both integers"),
        (Limit("device", "accuracy", minimum=0.5), "no labels"),
    ],
)
def test_a_limit_that_cannot_be_checked_is_an_error(limit: Limit, word: str) -> None:
    floats = RungOutputs(integers(stored_outputs()).values)
    with pytest.raises(ComparisonError, match=word):
        compare_ladder({"tflm": floats, "device": floats}, None, [limit])


def test_shape_mismatch_names_both_rungs() -> None:
    right = stored_outputs()
    rungs = {"tflm": integers(right), "device": integers(right[:39])}
    with pytest.raises(ComparisonError, match="device cannot be compared with tflm"):
        compare_ladder(rungs)


def test_no_rungs_at_all() -> None:
    with pytest.raises(ComparisonError, match="no rung"):
        compare_ladder({})


def test_per_step_difference_names_the_step() -> None:
    before = np.zeros((4, 6, 3), np.float32)
    after = before.copy()
    after[2, 5, 1] = 1.0
    rungs = {
        "tflm": RungOutputs(before, per_step=True),
        "device": RungOutputs(after, per_step=True),
    }
    result = compare_ladder(rungs, None, [Limit("device", "max_abs", maximum=1e-6)])
    assert "first difference at step 5" in result.sentence
