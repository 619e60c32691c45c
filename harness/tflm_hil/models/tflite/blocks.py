"""Blocks of bytes, one a sequence: kept, or made when they are asked for, without an object each.

A run of very many sequences should cost the memory of its numbers and no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.tflite.layout import Layout

_AT_ONCE = 256  # sequences encoded together


class Blocks(Sequence[bytes]):
    """Blocks of one size in one array, `array[sequence, byte]`."""

    def __init__(self, array: NDArray[np.uint8]) -> None:
        self.array = array

    @staticmethod
    def of(blocks: Sequence[bytes]) -> Blocks:
        """Raises ValueError if they are not all of the size of the first."""
        if isinstance(blocks, Blocks):
            return blocks
        size = len(blocks[0]) if blocks else 0
        for number, block in enumerate(blocks):
            if len(block) != size:
                raise ValueError(
                    f"sequence {number} from the device: {len(block)} bytes, not {size}"
                )
        array = np.frombuffer(b"".join(blocks), np.uint8).reshape(len(blocks), size)
        return Blocks(array)

    def parts(self, step_bytes: int, start: int, end: int) -> Blocks:
        """Of each step, which is `step_bytes` long, the bytes from `start` to `end`."""
        steps = self.array.reshape(len(self), -1, step_bytes)[:, :, start:end]
        return Blocks(steps.reshape(len(self), -1))

    def values(self, like: NDArray[Any]) -> NDArray[Any]:
        """Read as little-endian elements of `like`'s type, in its shape."""
        raw = np.ascontiguousarray(self.array)
        values = raw.view(like.dtype.newbyteorder("<")).astype(like.dtype, copy=False)
        return values.reshape(like.shape)

    def __len__(self) -> int:
        return len(self.array)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Blocks: ...
    def __getitem__(self, index: int | slice) -> bytes | Blocks:
        if isinstance(index, slice):
            return Blocks(self.array[index])
        return bytes(self.array[index])


class Encoded(Sequence[bytes]):
    """Sequences as the device reads them, encoded some at a time when they are asked for."""

    def __init__(self, inputs: NDArray[Any], layout: Layout) -> None:
        self._inputs = inputs
        self._layout = layout
        self._first = 0
        self._at_hand: list[bytes] = []

    def __len__(self) -> int:
        return len(self._inputs)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        number = range(len(self))[index]
        if not 0 <= number - self._first < len(self._at_hand):
            self._first = number - number % _AT_ONCE
            chunk = self._inputs[self._first : self._first + _AT_ONCE]
            self._at_hand = self._layout.to_bytes(chunk)
        return self._at_hand[number - self._first]
