"""The ladder finds a planted error at every rung and names it."""

import math

import numpy as np
import pytest
from tflm_hil.comparison import Ladder, RungOutputs, compare_ladder
from tflm_hil.errors import ComparisonError
from tflm_hil.report.judgement import Limit, Verdict
from tflm_hil.vocabulary import Measure, RungName

NAMES = ("keras", "tflite", "tflm", "device")
SCALE = 1 / 256
LABELS = np.arange(40) % 10

LIMITS = (
    Limit(RungName.KERAS, Measure.ACCURACY, minimum=0.95),
    Limit(RungName.TFLITE, Measure.MAX_ABS, maximum=0.1),
    Limit(RungName.TFLM, Measure.MAX_LSB, maximum=2),
    Limit(RungName.DEVICE, Measure.MAX_LSB, maximum=0),
    Limit(RungName.DEVICE, Measure.DIFFERING, maximum=0),
    Limit(RungName.DEVICE, Measure.ACCURACY, minimum=0.95),
)


def stored_outputs() -> np.ndarray:
    """Confident and right: class k has the largest output of sequence k."""
    stored = np.full((40, 10), -120, np.int8)
    stored[np.arange(40), LABELS] = 100
    return stored


def integers(stored: np.ndarray) -> RungOutputs:
    return RungOutputs(stored, scale=SCALE, zero_point=-128)


def floats(values: list[list[float]]) -> RungOutputs:
    return RungOutputs(np.array(values, np.float32))


def ladder(*, planted: str = "", lsb: int = 50, limits: tuple[Limit, ...] = LIMITS) -> Ladder:
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
    assert result.verdict is Verdict.PASS
    assert (result.failure, result.largest_rung) == (None, None)
    assert [rung.accuracy for rung in result.rungs] == [1.0] * len(NAMES)
    assert (result.rung("device").differing, result.rung("device").values) == (0, 400)


@pytest.mark.parametrize(
    ("planted", "against", "measure", "value", "allowed"),
    [
        (RungName.TFLITE, RungName.KERAS, Measure.MAX_ABS, 50 * SCALE, 0.1),
        (RungName.TFLM, RungName.TFLITE, Measure.MAX_LSB, 50, 2),
        (RungName.DEVICE, RungName.TFLM, Measure.MAX_LSB, 50, 0),
    ],
)
def test_a_planted_difference_is_named_at_its_rung(
    planted: RungName, against: RungName, measure: Measure, value: float, allowed: float
) -> None:
    result = ladder(planted=planted)
    assert result.verdict is Verdict.FAIL
    assert result.failure is not None
    assert result.failure.rung is result.entered is result.largest_rung is planted
    check = result.failure.check
    assert (check.rung, check.measure, check.value) == (planted, measure, value)
    assert check.limit is not None
    assert check.limit.maximum == allowed
    assert result.rung(planted).against is against
    assert result.rung(planted).worst == (7, 3)
    others = [rung for rung in result.rungs if rung.name != planted]
    assert all(not rung.differing for rung in others)


def test_one_lsb_on_the_device_fails() -> None:
    result = ladder(planted="device", lsb=1)
    assert (result.verdict, result.entered) == (Verdict.FAIL, RungName.DEVICE)
    assert {check.measure for check in result.broken} == {Measure.MAX_LSB, Measure.DIFFERING}


def test_a_difference_within_its_limit_passes_and_is_still_named() -> None:
    result = ladder(planted="tflm", lsb=2)
    assert (result.verdict, result.failure) == (Verdict.PASS, None)
    assert result.largest_rung is RungName.TFLM
    assert result.rung("tflm").lsb_histogram == {0: 399, 2: 1}


def test_the_first_of_several_errors_is_where_it_enters() -> None:
    stored = stored_outputs()
    worse = stored.copy()
    worse[0, 0] -= 30
    worst = worse.copy()
    worst[1, 1] -= 90
    rungs = {"tflite": integers(stored), "tflm": integers(worse), "device": integers(worst)}
    result = compare_ladder(rungs, LABELS, LIMITS)
    assert result.entered is RungName.TFLM
    assert result.largest_rung is RungName.DEVICE


def test_lost_accuracy_is_attributed_to_the_rung_that_lost_it() -> None:
    wrong = np.roll(stored_outputs(), 1, axis=1)
    right = integers(stored_outputs())
    rungs = {"keras": right, "tflite": right, "tflm": integers(wrong), "device": integers(wrong)}
    limits = (Limit(RungName.DEVICE, Measure.ACCURACY, minimum=0.95),)
    result = compare_ladder(rungs, LABELS, limits)
    assert (result.verdict, result.entered) == (Verdict.FAIL, RungName.TFLM)
    assert result.failure is not None
    assert result.failure.check.rung is RungName.DEVICE, "the limit that is broken is the device's"
    assert (result.rung("tflite").accuracy, result.rung("tflm").accuracy) == (1.0, 0.0)


def test_a_model_that_never_learned_is_not_the_devices_fault() -> None:
    bad = integers(np.roll(stored_outputs(), 1, axis=1))
    result = compare_ladder(
        {"keras": bad, "device": bad},
        LABELS,
        [Limit(RungName.DEVICE, Measure.ACCURACY, minimum=0.95)],
    )
    assert result.entered is RungName.KERAS


def test_nan_on_the_device_fails_and_is_said() -> None:
    values = integers(stored_outputs()).values
    broken = values.copy()
    broken[3, 4] = np.nan
    limits = [Limit(RungName.DEVICE, Measure.MAX_ABS, maximum=1e-6)]
    result = compare_ladder(
        {"tflm": RungOutputs(values), "device": RungOutputs(broken)}, None, limits
    )
    assert (result.verdict, result.entered) == (Verdict.FAIL, RungName.DEVICE)
    device = result.rung("device")
    assert (device.nonfinite, device.worst) == (1, (3, 4))


def test_a_missing_rung_is_stepped_over() -> None:
    right = integers(stored_outputs())
    result = compare_ladder({"tflite": right, "device": right}, LABELS, LIMITS)
    assert result.rung("device").against == "tflite"
    assert {limit.rung for limit in result.unchecked} == {"keras", "tflite", "tflm"}
    with pytest.raises(KeyError):
        result.rung("tflm")


def test_keras_is_held_to_the_equations_where_there_are_any() -> None:
    limit = Limit(RungName.KERAS, Measure.MAX_ABS, maximum=5e-6)
    right = RungOutputs(integers(stored_outputs()).values)
    wrong = RungOutputs(right.values + 1e-3)
    result = compare_ladder({"cells": right, "keras": wrong, "device": wrong}, LABELS, [limit])
    assert (result.verdict, result.entered) == (Verdict.FAIL, RungName.KERAS)
    assert result.rung("keras").against is RungName.CELLS
    without = compare_ladder({"keras": wrong, "device": wrong}, LABELS, [limit])
    assert without.verdict is Verdict.NONE
    assert without.unchecked == (limit,)


def test_first_rung_is_compared_with_nothing() -> None:
    first = ladder().rungs[0]
    assert (first.against, first.max_abs, first.values, first.lsb_histogram) == (None,) * 4


def test_without_limits_there_is_no_verdict() -> None:
    result = ladder(planted="device", limits=())
    assert (result.verdict, result.failure) == (Verdict.NONE, None)
    assert result.largest_rung is RungName.DEVICE


def test_values_that_are_no_numbers_fail_at_the_first_rung_that_has_them() -> None:
    """Whatever the limits, and though both sides have the same."""
    right, lost = floats([[1.0], [2.0]]), floats([[1.0], [math.nan]])
    rungs = {"keras": right, "tflite": lost, "tflm": lost, "device": lost}
    for limits in ([], [Limit(RungName.DEVICE, Measure.MAX_REL, maximum=1.0)]):
        ladder = compare_ladder(rungs, None, limits)
        assert ladder.failure is not None
        assert ladder.failure.rung is RungName.TFLITE
        assert ladder.failure.check.measure is Measure.NONFINITE
        assert ladder.rung("tflite").first_nonfinite == (1, 0)
        assert ladder.rung("keras").first_nonfinite is None
    meant = [
        Limit(name, Measure.NONFINITE, maximum=1)
        for name in (RungName.TFLITE, RungName.TFLM, RungName.DEVICE)
    ]
    assert compare_ladder(rungs, None, meant).failure is None, "a manifest may allow them"


def test_a_device_that_alone_has_no_number_fails_without_any_limit() -> None:
    right, lost = floats([[1.0], [2.0]]), floats([[1.0], [math.nan]])
    ladder = compare_ladder({"tflm": right, "device": lost})
    assert (ladder.verdict, ladder.entered) == (Verdict.FAIL, RungName.DEVICE)


def test_infinity_of_the_first_rung_is_seen_too() -> None:
    ladder = compare_ladder({"keras": floats([[math.inf]]), "device": floats([[math.inf]])})
    assert ladder.entered is RungName.KERAS


def test_without_labels_there_is_no_accuracy() -> None:
    right = integers(stored_outputs())
    rungs = compare_ladder({"tflm": right, "device": right}).rungs
    assert [rung.accuracy for rung in rungs] == [None, None]


def test_regression_is_judged_by_rmse() -> None:
    labels = np.array([1.0, 2.0])
    good = RungOutputs(np.array([[1.0], [2.0]], np.float32))
    bad = RungOutputs(np.array([[1.0], [3.0]], np.float32))
    limits = [Limit(RungName.DEVICE, Measure.LABEL_RMSE, maximum=0.1)]
    result = compare_ladder({"tflm": good, "device": bad}, labels, limits, task="regression")
    assert (result.verdict, result.entered) == (Verdict.FAIL, RungName.DEVICE)
    assert result.rung("tflm").label_rmse == 0.0
    assert result.rung("device").accuracy is None


@pytest.mark.parametrize(
    ("limit", "word"),
    [
        (Limit(RungName.DEVICE, Measure.MAX_LSB, maximum=0), "not both integers"),
        (Limit(RungName.DEVICE, Measure.ACCURACY, minimum=0.5), "no labels"),
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
    result = compare_ladder(rungs, None, [Limit(RungName.DEVICE, Measure.MAX_ABS, maximum=1e-6)])
    assert result.rung("device").first_differing_step == 5
