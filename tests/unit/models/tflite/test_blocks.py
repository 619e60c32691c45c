"""Blocks and encoded sequences: what a list of bytes would say, without the list."""

from __future__ import annotations

import numpy as np
import pytest
from tflm_hil.models.tflite.blocks import Blocks, Encoded
from tflm_hil.models.tflite.layout import InputTensor, Layout
from tflm_hil.models.tflite.quantize import Quantization

BLOCKS = [b"abcdef", b"ghijkl"]
LAYOUT = Layout((InputTensor("x", (1, 2), Quantization("int8", 0.5, 1)),))


def test_blocks_are_a_sequence_of_bytes() -> None:
    blocks = Blocks.of(BLOCKS)
    assert list(blocks) == BLOCKS
    assert (len(blocks), blocks[1], blocks[-1]) == (2, BLOCKS[1], BLOCKS[1])
    assert b"".join(blocks[:1]) == BLOCKS[0]
    assert Blocks.of(blocks) is blocks


def test_parts_are_taken_out_of_every_step() -> None:
    assert list(Blocks.of(BLOCKS).parts(3, 1, 3)) == [b"bcef", b"hikl"]


def test_values_are_little_endian() -> None:
    like = np.zeros((2, 3), np.int16)
    values = Blocks.of([b"\x01\x00\xff\xff\x00\x01"] * 2).values(like)
    assert values.tolist() == [[1, -1, 256]] * 2
    assert values.dtype == like.dtype


def test_blocks_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="sequence 1 from the device: 2 bytes, not 3"):
        Blocks.of([b"abc", b"de"])


def test_sequences_are_encoded_as_the_layout_does_it_in_any_order() -> None:
    inputs = np.random.default_rng(3).normal(0, 9, (700, 2)).astype(np.float32)
    expected = LAYOUT.to_bytes(inputs)
    encoded = Encoded(inputs, LAYOUT)
    assert len(encoded) == 700
    assert list(encoded) == expected
    for number in (699, 0, 256, 255, -1):
        assert encoded[number] == expected[number]
    assert encoded[250:260] == expected[250:260]
    with pytest.raises(IndexError):
        encoded[700]


def test_only_some_sequences_are_encoded_at_a_time() -> None:
    asked = []

    class Counting(Layout):
        def to_bytes(self, inputs: np.ndarray) -> list[bytes]:
            asked.append(len(inputs))
            return super().to_bytes(inputs)

    for _ in Encoded(np.zeros((1000, 2), np.float32), Counting(LAYOUT.tensors)):
        pass
    assert asked == [256, 256, 256, 232]
