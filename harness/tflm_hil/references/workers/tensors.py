"""Every tensor of a model after every step, from desktop TFLM: what a descent compares with.

Request: `model` (path), `steps` (how many at most), `states` (declared ones). Arrays:
`sequence`, one sequence of inputs.
Answer: arrays `"subgraph.tensor"` `[steps, …]` (constants `[1, …]`), and `blocks`
`[steps, bytes]`: all input tensors of each step, one behind the other, as a device reads them.
A single-step model gets the states that desktop TFLM computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite_micro.python.tflite_micro import runtime

from tflm_hil.models.tflite.feedback import Feedback, Wiring
from tflm_hil.models.tflite.inspect import StateNumbers, inspect
from tflm_hil.models.tflite.layout import invokes, layout_of
from tflm_hil.models.tflite.tflm_interpreter import ARENA_BYTES
from tflm_hil.references.serving import state_numbers
from tflm_hil.worker import Arrays, serve

# Types without elements to compare.
OPAQUE = ("resource", "variant", "string")


class Recorder:
    """Runs a model with all tensors preserved, and keeps what each step left in them."""

    def __init__(self, content: bytes, states: StateNumbers | None = None) -> None:
        self._model = inspect(content, states=states)
        self._interpreter = runtime.Interpreter.from_bytes(
            content,
            arena_size=ARENA_BYTES,
            intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors,
        )
        wiring = Wiring.of(self._model)
        self._layout = layout_of(self._model)
        self._feedback = Feedback(self._run, wiring)
        self._tensors: dict[str, list[NDArray[Any]]] = {}
        self._blocks: list[NDArray[np.uint8]] = []

    def run(self, sequence: NDArray[Any], steps: int) -> Arrays:
        """All tensors of at most `steps` steps of a sequence."""
        stored = self._layout.stored(sequence[np.newaxis])
        for blocks in islice(invokes(stored, 0), steps):
            self._feedback.invoke(blocks)
        stacked = {name: np.stack(arrays) for name, arrays in self._tensors.items()}
        return {**stacked, "blocks": np.stack(self._blocks)}

    def _run(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        for index, array in enumerate(inputs):
            self._interpreter.set_input(array, index)
        joined = b"".join(np.ascontiguousarray(array).tobytes() for array in inputs)
        self._blocks.append(np.frombuffer(joined, np.uint8))
        self._interpreter.invoke()
        self._record()
        return [
            np.array(self._interpreter.get_output(index))
            for index in range(len(self._model.outputs))
        ]

    def _record(self) -> None:
        for graph in self._model.subgraphs:
            for tensor in graph.tensors:
                key = f"{graph.index}.{tensor.index}"
                once = tensor.constant_bytes and key in self._tensors
                if tensor.type in OPAQUE or once:
                    continue
                data = self._interpreter.GetTensor(tensor.index, graph.index)["tensor_data"]
                if data is not None:
                    self._tensors.setdefault(key, []).append(np.array(data))


def main(request: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """One sequence through one model."""
    states = state_numbers(request.get("states"))
    recorder = Recorder(Path(request["model"]).read_bytes(), states)
    return {}, recorder.run(arrays["sequence"], int(request["steps"]))


if __name__ == "__main__":
    serve(main)
