"""Users' arrays and a model's inputs: what fits, as how many Invokes, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from tflm_hil.errors import ConfigurationError, UnsupportedModel
from tflm_hil.models.tflite.layout import InputTensor
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.zoo.fit import check_type, fit, steps_of

WHERE = "samples.npz: 'inputs'"


def tensor(shape: tuple[int, ...], dtype: str = "float32", scale: float = 0.0) -> InputTensor:
    return InputTensor("x", shape, Quantization(dtype, scale, 3 if scale else 0))


@pytest.mark.parametrize(
    ("sequence", "shape", "steps"),
    [
        ((28, 28), (1, 28, 28), 1),
        ((1, 28, 28), (1, 28, 28), 1),  # with its batch axis
        ((28, 28, 1), (1, 28, 28), 1),
        ((784,), (1, 28, 28), 1),  # flat
        ((28, 28), (1, 784), 1),
        ((50, 8), (1, 8), 50),  # step by step
        ((50, 8), (1, 1, 8), 50),
        ((50, 28, 28), (1, 28, 28), 50),
        ((50, 784), (1, 28, 28), 50),
        ((50,), (1, 1), 50),
        ((50, 1), (1, 1), 50),
        ((), (1, 1), 1),
        ((4, 8), (4, 8), 1),  # a batch of 4 is one Invoke
    ],
)
def test_shapes_that_fit(sequence: tuple[int, ...], shape: tuple[int, ...], steps: int) -> None:
    assert steps_of(sequence, shape) == steps


@pytest.mark.parametrize(
    ("sequence", "shape"),
    [
        ((3, 9), (1, 9, 3)),  # time and features the other way round: as many elements
        ((27,), (1, 28, 28)),
        ((9, 4), (1, 9, 3)),
        ((2, 3, 9), (1, 9, 3)),
        ((2, 9, 3, 2), (1, 9, 3)),
    ],
)
def test_shapes_that_do_not(sequence: tuple[int, ...], shape: tuple[int, ...]) -> None:
    assert steps_of(sequence, shape) is None


def test_a_wrong_shape_is_told_with_what_was_expected() -> None:
    with pytest.raises(ConfigurationError) as caught:
        fit(np.zeros((5, 3, 9)), tensor((1, 9, 3)), WHERE)
    assert caught.value.what == (
        "samples.npz: 'inputs' has shape [5, 3, 9]; input x expects [N, 9, 3], or [N, T, 9, 3]"
        " for T steps"
    )


def test_numbers_are_left_to_be_quantised() -> None:
    given = np.array([[0.5, -1.0]])
    assert fit(given, tensor((1, 2), "int8", 0.5), WHERE).reshape(-1).tolist() == [0.5, -1.0]
    # integers of another type than the input's are numbers, too
    counted = np.array([[2, 3]], np.uint8)
    assert fit(counted, tensor((1, 2), "int8", 0.5), WHERE).reshape(-1).tolist() == [2.0, 3.0]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_the_inputs_own_type_is_taken_for_stored_elements(dtype: str) -> None:
    limits = np.iinfo(dtype)
    stored = np.arange(limits.min, limits.max + 1, dtype=dtype)[:, None]
    taken = tensor((1, 1), dtype, 0.037)
    numbers = fit(stored, taken, WHERE)
    assert np.array_equal(taken.quantization.quantize(numbers).reshape(-1), stored[:, 0])


def test_large_integers_survive() -> None:
    large = (1 << 24) + 1
    numbers = fit(np.array([[large]]), tensor((1, 1), "int32"), WHERE)
    assert Quantization("int32").quantize(numbers).item() == large
    assert fit(np.array([[7]]), tensor((1, 1), "int32"), WHERE).dtype == np.float32


@pytest.mark.parametrize(
    ("array", "dtype", "words"),
    [
        (np.array([[0.5]]), "int32", "not whole"),
        (np.array([[2]]), "bool", "from 2 to 2; input x is bool and takes 0 to 1"),
        (np.array([[300]]), "uint8", "takes 0 to 255"),
        (np.array([[np.nan]]), "float32", "NaN or infinity"),
        (np.array([["a"]]), "float32", "not numbers"),
        (np.zeros((0, 1)), "float32", "holds no sequence"),
    ],
)
def test_what_cannot_be_fed_is_refused(array: np.ndarray, dtype: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        fit(array, tensor((1, 1), dtype), WHERE)
    assert caught.value.remedy


def test_a_type_that_nothing_can_feed_is_named() -> None:
    check_type(tensor((1,), "int64"), "m.tflite")
    with pytest.raises(UnsupportedModel, match=r"m\.tflite: input x is of type string"):
        check_type(tensor((1,), "string"), "m.tflite")
