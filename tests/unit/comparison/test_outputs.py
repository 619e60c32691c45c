"""Outputs of a rung: integers become numbers, nonsense is refused."""

import numpy as np
import pytest
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.errors import ComparisonError


def test_integers_are_dequantised() -> None:
    stored = np.array([[-128, 127]], np.int8)
    outputs = RungOutputs(stored, scale=1 / 256, zero_point=-128)
    assert outputs.integer
    assert outputs.values.tolist() == [[0.0, 255 / 256]]
    assert outputs.values.dtype == np.float32


def test_integers_without_a_scale_are_numbers() -> None:
    assert RungOutputs(np.array([[-3, 7]], np.int32)).values.tolist() == [[-3.0, 7.0]]


def test_the_difference_of_extreme_int8_values_does_not_wrap() -> None:
    outputs = RungOutputs(np.array([[127]], np.int8), scale=1.0, zero_point=-128)
    assert outputs.values[0, 0] == 255.0


def test_floats_are_no_integers() -> None:
    outputs = RungOutputs(np.ones((2, 3), np.float32), scale=0.0, zero_point=0)
    assert not outputs.integer


@pytest.mark.parametrize("shape", [(0, 10), (4, 0), (5,)])
def test_nothing_to_compare_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ComparisonError, match="nothing to compare"):
        RungOutputs(np.zeros(shape, np.float32))


def test_per_step_needs_a_step_axis() -> None:
    with pytest.raises(ComparisonError, match="step axis"):
        RungOutputs(np.zeros((2, 3), np.float32), per_step=True)


def test_other_numbers_keep_the_scale() -> None:
    outputs = RungOutputs(np.array([[1, 2]], np.int8), 0.5, 3)
    other = outputs.holding(np.array([[5, 3]], np.int8))
    assert other.values.tolist() == [[1.0, 0.0]]
