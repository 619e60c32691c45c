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

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.convert.samples import Sequences, count_of

Feed = dict[str, NDArray[Any]] | list[NDArray[Any]]
"""What the calibrator is given for one call: by name in the signature, or in its order."""


def rows(sequences: Sequences) -> Iterator[Feed]:
    """One sequence after the other, as the inputs of a whole-window model in the order of Keras."""
    for number in range(count_of(sequences)):
        yield [array[number : number + 1] for array in sequences.values()]


def outputs_of(result: Any) -> list[NDArray[np.float32]]:
    """What a Keras model gave, one array for each output; named ones in the order of names."""
    if isinstance(result, Mapping):
        return [array for name in sorted(result) for array in outputs_of(result[name])]
    if isinstance(result, list | tuple):
        return [array for item in result for array in outputs_of(item)]
    return [np.asarray(result, np.float32)]


def call(model: Any, feed: Feed) -> Any:
    """What a Keras model gives for the arrays of its inputs, in its own order."""
    arrays = list(feed.values()) if isinstance(feed, dict) else feed
    keys = getattr(model, "_inputs_struct", None)
    if isinstance(keys, dict):
        return model(dict(zip(sorted(keys), arrays, strict=True)), training=False)
    return model(arrays if len(arrays) > 1 else arrays[0], training=False)


@dataclass(frozen=True)
class Padding:
    """What a Masking layer of a model meets in samples.

    `value` is its mask value, `low` and `high` the range of what it is given, `distances` of every
    row that is not padding how far it is from being so: the largest |x - value| of its features.
    """

    layer: str
    value: float
    low: float
    high: float
    padded: int
    distances: NDArray[np.float32]


def no_padding(_: Sequences) -> list[Padding]:
    """Of a model without a Masking layer."""
    return []


@dataclass(frozen=True)
class Export:
    """A `tf.lite.TFLiteConverter` and the function that it will convert.

    `probe` maps sequences, an array `[N, ...]` for each Keras input, to outputs, one array for each
    of the model; `representative` to what the calibrator feeds. `carries_state`: `probe` starts a
    sequence with the states that the one before left, as a stateful Keras model does. `padding`:
    what its Masking layers meet. `finish` takes the flatbuffer from the converter and makes it what
    it is to be.
    """

    converter: Any
    probe: Callable[[Sequences], list[NDArray[np.float32]]]
    representative: Callable[[Sequences], Iterator[Feed]] = rows
    carries_state: bool = False
    padding: Callable[[Sequences], list[Padding]] = no_padding
    finish: Callable[[bytes], bytes] = bytes
