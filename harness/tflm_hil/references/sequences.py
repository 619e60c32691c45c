"""Feed sequences to an interpreter: what TFLite and desktop TFLM have in common.

Runs inside a worker. A sequence is as many Invokes as it holds inputs: one for a model that takes
the whole window, T for a single-step model. Input is quantised here, by the same function that
makes the device's bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.models.tflite.layout import Layout, invokes
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.references.records import DIFFERS_AGAIN


class Interpreter(Protocol):
    """One loaded model: its inputs, states left out, and all its outputs."""

    inputs: Layout
    output_quantizations: tuple[Quantization, ...]
    circumstances: dict[str, str]

    def reset(self) -> None:
        """State as right after loading."""

    def invoke(self, blocks: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """One inference on stored-type inputs, in the layout's order; copies of all outputs."""


def run_sequences(
    interpreter: Interpreter, inputs: NDArray[Any], *, carry: bool
) -> tuple[RungOutputs, ...]:
    """All sequences in order; reset before each, or only before the first.

    The first one is run again at the end: if its bits differ, the circumstances say by how much.
    """
    stored = interpreter.inputs.stored(inputs)
    steps = stored[0].shape[1]
    results: list[list[NDArray[Any]]] = []
    interpreter.reset()
    for number in range(len(inputs)):
        if number and not carry:
            interpreter.reset()
        taken = [interpreter.invoke(blocks) for blocks in invokes(stored, number)]
        results.append([np.stack(outputs) for outputs in zip(*taken, strict=True)])
    interpreter.reset()
    again = [interpreter.invoke(blocks) for blocks in invokes(stored, 0)]
    note_difference(
        interpreter.circumstances, results[0], [np.stack(item) for item in zip(*again, strict=True)]
    )
    tensors = []
    for number, quantization in enumerate(interpreter.output_quantizations):
        array = _without_batch(np.stack([result[number] for result in results]), steps)
        per_step = array.ndim > 2
        tensors.append(RungOutputs(array, quantization.scale, quantization.zero_point, per_step))
    return tuple(tensors)


def note_difference(
    circumstances: dict[str, str], once: Sequence[NDArray[Any]], again: Sequence[NDArray[Any]]
) -> None:
    """Into the circumstances, if two runs on the same input differ: an oracle may not."""
    apart = [
        float(np.sqrt(np.mean(np.square(one.astype(np.float64) - two))))
        for one, two in zip(once, again, strict=True)
        if not np.array_equal(one, two, equal_nan=True)
    ]
    if apart:
        circumstances[DIFFERS_AGAIN] = repr(max(apart))


def _without_batch(array: NDArray[Any], steps: int) -> NDArray[Any]:
    """`[N, steps, 1, ...]` without the batch axis, and without a step axis of one Invoke."""
    sequences = array.shape[0]
    rest = array.shape[3:] if array.ndim > 3 and array.shape[2] == 1 else array.shape[2:]
    rest = rest or (1,)  # an output without axes is one value
    shape = (sequences, *rest) if steps == 1 else (sequences, steps, *rest)
    return array.reshape(shape)
