"""Metrics against values worked out by hand, and against properties that must hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tflm_hil.comparison.metrics import accuracy, compare, label_rmse
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.errors import ComparisonError


def floats(rows: list[list[float]]) -> RungOutputs:
    return RungOutputs(np.array(rows, np.float32))


def int8(rows: list[list[int]], scale: float = 0.5, zero_point: int = 3) -> RungOutputs:
    return RungOutputs(np.array(rows, np.int8), scale=scale, zero_point=zero_point)


def test_by_hand() -> None:
    rung = compare(floats([[1, 2], [3, 8]]), floats([[1, 2], [3, 4]]))
    assert rung.max_abs == 4.0
    assert rung.mean_abs == 1.0
    assert rung.rmse == 2.0
    assert rung.differing == 1
    assert rung.values == 4
    assert rung.worst == (1, 1)
    expected = (1 + 4 + 9 + 32) / math.sqrt((1 + 4 + 9 + 64) * (1 + 4 + 9 + 16))
    assert rung.cosine == pytest.approx(expected)
    assert rung.max_lsb is None
    assert rung.lsb_histogram is None


def test_large_outputs_are_measured_in_their_own_size() -> None:
    assert compare(floats([[400.0, 2.0]]), floats([[-500.0, 2.5]])).max_rel == 900 / 500
    assert compare(floats([[0.25, 0.5]]), floats([[0.25, 0.25]])).max_rel == 0.25  # at least 1
    assert compare(floats([[math.nan]]), floats([[math.nan]])).max_rel == 0.0


def test_lsb_histogram_counts_every_value() -> None:
    rung = compare(int8([[0, 1, 2], [-128, 5, 6]]), int8([[0, 2, 2], [127, 5, 3]]))
    assert rung.lsb_histogram == {0: 3, 1: 1, 3: 1, 255: 1}
    assert rung.max_lsb == 255
    assert rung.differing == 3
    assert rung.max_abs == 127.5


def test_equal_rungs_have_no_worst() -> None:
    rung = compare(int8([[1, 2]]), int8([[1, 2]]))
    assert (rung.worst, rung.differing, rung.max_abs) == (None, 0, 0.0)
    assert rung.cosine == pytest.approx(1.0)


def test_argmax_agreement_is_the_share_of_sequences() -> None:
    rung = compare(floats([[1, 0], [0, 1], [1, 0], [1, 0]]), floats([[1, 0]] * 4))
    assert rung.argmax_agreement == 0.75


def test_a_single_output_has_no_argmax() -> None:
    assert compare(floats([[1], [2]]), floats([[2], [1]])).argmax_agreement is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_not_finite_on_one_side_is_an_infinite_difference(bad: float) -> None:
    rung = compare(floats([[bad, 1]]), floats([[0, 1]]))
    assert rung.max_abs == math.inf
    assert rung.differing == 1
    assert rung.nonfinite == 1
    assert rung.cosine is not None
    assert math.isnan(rung.cosine)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_same_on_both_sides_is_no_difference(bad: float) -> None:
    rung = compare(floats([[bad, 1]]), floats([[bad, 1]]))
    assert rung.max_abs == 0.0
    assert rung.differing == 0


def test_opposite_infinities_differ() -> None:
    assert compare(floats([[math.inf, 0]]), floats([[-math.inf, 0]])).max_abs == math.inf


def test_cosine_of_zero_vectors() -> None:
    assert compare(floats([[0, 0]]), floats([[0, 0]])).cosine == 1.0
    assert compare(floats([[0, 0]]), floats([[0, 1]])).cosine == 0.0


def test_steps_are_told_apart() -> None:
    before = np.zeros((3, 4, 2), np.float32)
    after = before.copy()
    after[1, 2, 0] = 0.25
    after[0, 3, 1] = -0.5
    rung = compare(RungOutputs(after, per_step=True), RungOutputs(before, per_step=True))
    assert rung.first_differing_step == 2


def test_equal_steps_have_no_first_difference() -> None:
    outputs = RungOutputs(np.ones((2, 4, 2), np.float32), per_step=True)
    assert compare(outputs, outputs).first_differing_step is None


def test_shapes_must_match() -> None:
    with pytest.raises(ComparisonError, match=r"\(1, 2\) against \(2, 2\)"):
        compare(floats([[1, 2]]), floats([[1, 2], [3, 4]]))


@pytest.mark.parametrize(("scale", "zero_point"), [(0.25, 3), (0.5, 4)])
def test_integers_must_mean_the_same(scale: float, zero_point: int) -> None:
    with pytest.raises(ComparisonError, match="not the same model"):
        compare(int8([[1, 2]]), int8([[1, 2]], scale, zero_point))


def test_integers_against_floats_are_compared_as_numbers() -> None:
    rung = compare(int8([[3, 5]]), floats([[0.0, 1.25]]))
    assert rung.max_abs == 0.25
    assert rung.max_lsb is None


def test_accuracy_by_sequence() -> None:
    values = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32)
    assert accuracy(values, np.array([0, 1, 1])) == pytest.approx(2 / 3)


def test_accuracy_is_judged_at_the_last_step() -> None:
    values = np.array([[[1, 0], [0, 1]], [[1, 0], [1, 0]]], np.float32)
    assert accuracy(values, np.array([1, 1])) == 0.5


def test_accuracy_of_every_step() -> None:
    values = np.array([[[1, 0], [0, 1]], [[1, 0], [1, 0]]], np.float32)
    assert accuracy(values, np.array([[0, 1], [1, 1]])) == 0.5


def test_nan_names_no_label() -> None:
    values = np.array([[math.nan, 0.1], [1.0, 0.0]], np.float32)
    assert accuracy(values, np.array([0, 0])) == 0.5


def test_labels_must_fit() -> None:
    with pytest.raises(ComparisonError, match="labels"):
        accuracy(np.zeros((3, 2), np.float32), np.zeros(4, np.int64))
    with pytest.raises(ComparisonError, match="labels"):
        label_rmse(np.zeros((3, 1), np.float32), np.zeros(4, np.float32))
    with pytest.raises(ComparisonError, match="labels"):
        label_rmse(np.zeros((4, 1), np.float32), np.zeros((2, 2), np.float32))


def test_rmse_to_labels() -> None:
    values = np.array([[1.0], [2.0]], np.float32)
    assert label_rmse(values, np.array([1.0, 4.0])) == pytest.approx(math.sqrt(2))


def test_rmse_to_labels_at_the_last_step() -> None:
    values = np.array([[[9.0], [1.0]], [[9.0], [2.0]]], np.float32)
    assert label_rmse(values, np.array([1.0, 2.0])) == 0.0


ARRAYS = hnp.arrays(np.float32, (4, 3), elements=st.floats(-1e3, 1e3, width=32))


@given(ARRAYS, ARRAYS)
def test_differences_are_symmetric_and_ordered(a: np.ndarray, b: np.ndarray) -> None:
    one, other = compare(RungOutputs(a), RungOutputs(b)), compare(RungOutputs(b), RungOutputs(a))
    assert one.max_abs == other.max_abs
    assert one.rmse == pytest.approx(other.rmse)
    slack = 1 + 1e-12
    assert one.mean_abs is not None
    assert one.rmse is not None
    assert one.max_abs is not None
    assert one.mean_abs <= one.rmse * slack <= one.max_abs * slack * slack
    assert (one.differing == 0) == (one.max_abs == 0.0)
    assert one.cosine is not None
    assert -1.0 - 1e-12 <= one.cosine <= 1.0


@given(hnp.arrays(np.int8, (5, 4)), hnp.arrays(np.int8, (5, 4)))
def test_histogram_is_complete(a: np.ndarray, b: np.ndarray) -> None:
    pair = [RungOutputs(x, scale=0.1, zero_point=0) for x in (a, b)]
    rung = compare(*pair)
    assert rung.lsb_histogram is not None
    assert sum(rung.lsb_histogram.values()) == 20
    assert rung.differing == 20 - rung.lsb_histogram.get(0, 0)
    assert rung.max_lsb == max(rung.lsb_histogram)
