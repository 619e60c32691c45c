"""Ways to bring a Keras model into TFLite, one module each.

    loop       Keras' own loop: WHILE, float32 only
    unrolled   every step written out
    fused      LSTM as one operator
    shift      our own loop over a register that turns: int8 too, size independent of the length;
               whole graphs, masks, and states as inputs and outputs
    step       one step: (x, state) → (y, state')

An export module runs in a conversion worker (it imports TensorFlow) and offers

    def converter(model_path: Path) -> Export

`Export.converter` is ready but for quantisation; `Export.probe` runs what will be converted, so
that the worker can assert that it still equals the Keras model before it converts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Feed = dict[str, NDArray[np.float32]] | list[NDArray[np.float32]]


def rows(sequences: NDArray[np.float32]) -> Iterator[Feed]:
    """One sequence after the other, as the only input of a whole-window model."""
    for row in sequences:
        yield [row[np.newaxis].astype(np.float32)]


def outputs_of(result: Any) -> list[NDArray[np.float32]]:
    """What a Keras model gave, one array for each output."""
    items = result if isinstance(result, list | tuple) else [result]
    return [np.asarray(item, np.float32) for item in items]


@dataclass(frozen=True)
class Export:
    """A `tf.lite.TFLiteConverter` and the function that it will convert.

    `probe` maps sequences `[N, T, F]` to outputs, one array for each of the model;
    `representative` to what the calibrator feeds. `carries_state`: `probe` starts a sequence with
    the states that the one before left, as a stateful Keras model does.
    """

    converter: Any
    probe: Callable[[NDArray[np.float32]], list[NDArray[np.float32]]]
    representative: Callable[[NDArray[np.float32]], Iterator[Feed]] = rows
    carries_state: bool = False
