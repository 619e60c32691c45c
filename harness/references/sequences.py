"""Feed sequences to an interpreter: what TFLite and desktop TFLM have in common.

Runs inside a worker. A sequence is as many Invokes as it holds inputs: one for a model that takes
the whole window, T for a single-step model. Input is quantised here, by the same function that
makes the device's bytes.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.models.layout import Layout, invokes
from harness.models.quantize import Quantization
from harness.models.worker import Arrays
from harness.references.records import OutputTensor

Result = tuple[tuple[OutputTensor, ...], dict[str, str]]
"""All outputs of a model, and its circumstances."""


@dataclass(frozen=True)
class Work:
    """One job as a worker gets it. `custom` is the file with the user's own classes, if any."""

    framework: str
    model: Path
    custom: Path | None
    carry: bool


Run = Callable[[Work, NDArray[Any]], Result]
"""`run(work, inputs)`: what a worker does with one job."""


class Interpreter(Protocol):
    """One loaded model: its free inputs (states are its own business) and all its outputs."""

    inputs: Layout
    output_quantizations: tuple[Quantization, ...]
    circumstances: dict[str, str]

    def reset(self) -> None:
        """State as right after loading."""

    def invoke(self, blocks: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """One inference on stored-type inputs, in the layout's order; copies of all outputs."""


def run_sequences(
    interpreter: Interpreter, inputs: NDArray[Any], *, carry: bool
) -> tuple[OutputTensor, ...]:
    """All sequences in order; reset before each, or only before the first."""
    stored = interpreter.inputs.stored(inputs)
    steps = stored[0].shape[1]
    results: list[list[NDArray[Any]]] = []
    interpreter.reset()
    for number in range(len(inputs)):
        if number and not carry:
            interpreter.reset()
        taken = [interpreter.invoke(blocks) for blocks in invokes(stored, number)]
        results.append([np.stack(outputs) for outputs in zip(*taken, strict=True)])
    tensors = []
    for number, quantization in enumerate(interpreter.output_quantizations):
        array = _without_batch(np.stack([result[number] for result in results]), steps)
        per_step = array.ndim > 2
        tensors.append(OutputTensor(array, quantization.scale, quantization.zero_point, per_step))
    return tuple(tensors)


def _without_batch(array: NDArray[Any], steps: int) -> NDArray[Any]:
    """`[N, steps, 1, ...]` without the batch axis, and without a step axis of one Invoke."""
    sequences = array.shape[0]
    rest = array.shape[3:] if array.ndim > 3 and array.shape[2] == 1 else array.shape[2:]
    rest = rest or (1,)  # an output without axes is one value
    shape = (sequences, *rest) if steps == 1 else (sequences, steps, *rest)
    return array.reshape(shape)


def run_jobs(
    request: dict[str, Any],
    arrays: Arrays,
    run: Run,
) -> tuple[dict[str, Any], Arrays]:
    """Run every job of a request; one that raises does not stop the others."""
    answers: list[dict[str, Any]] = []
    results: Arrays = {}
    for number, job in enumerate(request["jobs"]):
        work = Work(
            framework=job["framework"],
            model=Path(job["model"]),
            custom=Path(job["custom"]) if job["custom"] else None,
            carry=job["mode"] == "carry",
        )
        try:
            tensors, circumstances = run(work, arrays[job["inputs"]])
        except Exception as error:
            traceback.print_exc()
            what = getattr(error, "what", "") or f"{type(error).__name__}: {error}"
            answers.append({"error": what, "remedy": getattr(error, "remedy", "")})
            continue
        described = [(item.scale, item.zero_point, item.per_step) for item in tensors]
        answers.append({"tensors": described, "circumstances": circumstances})
        for index, item in enumerate(tensors):
            results[f"{number}.{index}"] = item.stored
    return {"jobs": answers}, results
