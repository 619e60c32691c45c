"""Quantisation: ties, saturation, bytes. The operators themselves: tests/integration/models."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tflm_hil.models.tflite.inspect import Tensor
from tflm_hil.models.tflite.quantize import Quantization


def test_ties_go_away_from_zero() -> None:
    quantization = Quantization("int8", 1.0, 0)
    assert quantization.quantize([0.5, 1.5, 2.5]).tolist() == [1, 2, 3]
    assert quantization.quantize([-0.5, -1.5, -2.5]).tolist() == [-1, -2, -3]


def test_the_float_just_below_a_tie_stays_below() -> None:
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert Quantization("int8", 1.0, 0).quantize([below, -below]).tolist() == [0, 0]


def test_the_zero_point_is_added_after_rounding() -> None:
    # rounding the sum would give -3: half away from zero of -2.5
    assert Quantization("int8", 1.0, -3).quantize([0.5]).tolist() == [-2]


def test_saturates() -> None:
    quantization = Quantization("int8", 0.5, -128)
    assert quantization.quantize([-1.0, 0.0, 127.5, 1e30, -1e30]).tolist() == [
        -128,
        -128,
        127,
        127,
        -128,
    ]
    assert quantization.saturated([-1.0, 0.0, 127.5, 1e30]) == 2


def test_int16() -> None:
    quantization = Quantization("int16", 1 / 32768, 0)
    assert quantization.quantize([1.0, -1.0, 0.5]).tolist() == [32767, -32768, 16384]


def test_division_is_one_in_float32() -> None:
    # found by search: division in double, and multiplication by 1/scale, both give 97
    scale, value = float.fromhex("0x1.0662f2p-4"), float.fromhex("0x1.8fbabcp+2")
    assert np.floor(value / scale + 0.5) == 97
    assert Quantization("int8", scale, 0).quantize([value]).tolist() == [98]


def test_floats_pass_through() -> None:
    quantization = Quantization("float32")
    assert not quantization.quantised
    assert quantization.quantize([0.1]).dtype == np.float32
    assert quantization.dequantize(np.array([0.1], np.float32)).tolist() == [np.float32(0.1)]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        Quantization("int8", 1.0, 0).quantize([bad])


def test_bytes_are_little_endian_and_come_back() -> None:
    quantization = Quantization("int16", 1.0, 0)
    data = quantization.to_bytes([[1.0, -2.0]])
    assert data == b"\x01\x00\xfe\xff"
    assert quantization.from_bytes(data, (1, 2)).tolist() == [[1, -2]]


def test_of_a_tensor_of_a_flatbuffer() -> None:
    tensor = Tensor(0, "x", "int8", (1, 2), (1, 2), (0.5,), (-3,), 0, 0, False)
    assert Quantization.of(tensor) == Quantization("int8", 0.5, -3)


@given(st.integers(-128, 127), st.floats(2.0**-20, 2.0**10, width=32), st.integers(-128, 127))
def test_every_level_survives_the_way_there_and_back(
    level: int, scale: float, zero_point: int
) -> None:
    quantization = Quantization("int8", scale, zero_point)
    stored = np.array([level], np.int8)
    assert quantization.quantize(quantization.dequantize(stored)).tolist() == [level]


@given(st.floats(-100, 100, width=32), st.integers(-20, 20))
def test_the_error_is_half_a_step_at_most(value: float, zero_point: int) -> None:
    quantization = Quantization("int16", 2.0**-7, zero_point)
    back = quantization.dequantize(quantization.quantize([value]))
    assert abs(float(back[0]) - value) <= 2.0**-8


def test_a_scale_at_floats_means_nothing() -> None:
    stray = Quantization("float32", 0.5)
    assert not stray.quantised
    assert stray.quantize([0.3]).tolist() == [np.float32(0.3)]
    assert stray.saturated([1e9]) == 0
