"""Several inputs in one array: packed, taken apart, and as the device reads them."""

from __future__ import annotations

import numpy as np
import pytest
from tflm_hil.models.tflite.layout import InputTensor, Layout, invokes, pack
from tflm_hil.models.tflite.quantize import Quantization

TOKENS = InputTensor("tokens", (1, 3), Quantization("int32"))
GAIN = InputTensor("gain", (1, 2), Quantization("uint8", 0.5, 10))
MASK = InputTensor("mask", (1, 1), Quantization("bool"))
THREE = Layout((TOKENS, GAIN, MASK))


def two_sequences() -> list[np.ndarray]:
    """Two sequences of two steps."""
    tokens = np.arange(12).reshape(2, 2, 3) + 70_000
    gain = np.arange(8).reshape(2, 2, 2) / 2
    mask = np.array([[[0], [1]], [[1], [0]]])
    return [tokens, gain, mask]


def test_packed_and_taken_apart_again() -> None:
    packed = pack(two_sequences(), THREE)
    assert packed.shape == (2, 2, 6)
    tokens, gain, mask = THREE.stored(packed)
    assert tokens.dtype == np.int32
    assert tokens.reshape(-1).tolist() == list(range(70_000, 70_012))
    assert gain.dtype == np.uint8
    assert gain.reshape(-1).tolist() == list(range(10, 18))
    assert mask.dtype == np.bool_
    assert mask.shape == (2, 2, 1, 1)


def test_the_device_reads_all_inputs_of_a_step_one_behind_the_other() -> None:
    packed = pack(two_sequences(), THREE)
    first, second = THREE.to_bytes(packed)
    step = np.array([70_000, 70_001, 70_002], "<i4").tobytes() + bytes([10, 11]) + b"\0"
    assert first.startswith(step)
    assert len(first) == len(second) == 2 * len(step)
    assert second.endswith(bytes([16, 17]) + b"\0")


def test_bytes_are_those_of_the_interpreters_arrays() -> None:
    packed = pack(two_sequences(), THREE)
    stored = THREE.stored(packed)
    for number, data in enumerate(THREE.to_bytes(packed)):
        blocks = [part for step in invokes(stored, number) for part in step]
        assert data == b"".join(block.tobytes() for block in blocks)


def test_one_input_keeps_its_shape() -> None:
    layout = Layout((GAIN,))
    array = np.zeros((4, 6, 2), np.float32)
    assert pack([array], layout) is array
    assert layout.stored(array)[0].shape == (4, 6, 1, 2)


def test_different_numbers_of_steps_are_refused() -> None:
    tokens, gain, mask = two_sequences()
    with pytest.raises(ValueError, match="tokens 2x2, gain 2x1"):
        pack([tokens, gain[:, :1], mask], THREE)


def test_a_sequence_of_broken_steps_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not a multiple of input \(1, 3\) and"):
        THREE.stored(np.zeros((1, 7)))
