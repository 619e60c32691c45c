"""The desktop wheel of TFLite Micro: the TFLM rung, and what decides whether a conversion is right.

It runs the reference kernels; what a board puts out of an integer model is bit for bit the same.
Imports tflite-micro: for workers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite_micro.python.tflite_micro import runtime

from tflm_hil.models.tflite.feedback import Feedback, Wiring
from tflm_hil.models.tflite.inspect import StateNumbers, inspect
from tflm_hil.models.tflite.layout import InputTensor, Layout
from tflm_hil.models.tflite.quantize import Quantization

# The desktop has memory; whether a model fits the board is the board's question.
ARENA_BYTES = 8 << 20


class TflmInterpreter:
    """The wheel's interpreter. RuntimeError if it does not take the model."""

    def __init__(self, content: bytes, states: StateNumbers | None = None) -> None:
        self._interpreter = runtime.Interpreter.from_bytes(content, arena_size=ARENA_BYTES)
        self.circumstances = {"kernels": "reference"}
        inspection = inspect(content, states=states)
        wiring = Wiring.of(inspection)
        self.inputs = Layout(
            tuple(
                _input(inspection.inputs[index].name, self._interpreter.get_input_details(index))
                for index in wiring.inputs
            )
        )
        self._outputs = range(len(inspection.outputs))
        self.output_quantizations = tuple(
            _quantization(self._interpreter.get_output_details(index)) for index in wiring.order
        )
        self._feedback = Feedback(self._run, wiring)

    def reset(self) -> None:
        """State as after loading."""
        self._interpreter.reset()
        self._feedback.reset()

    def invoke(self, blocks: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """One inference."""
        return self._feedback.invoke(blocks)

    def _run(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        for index, array in enumerate(inputs):
            self._interpreter.set_input(array, index)
        self._interpreter.invoke()
        return [np.array(self._interpreter.get_output(index)) for index in self._outputs]


def _input(name: str, details: dict[str, Any]) -> InputTensor:
    shape = tuple(int(size) for size in details["shape"])
    return InputTensor(name, shape, _quantization(details))


def _quantization(details: dict[str, Any]) -> Quantization:
    parameters = details["quantization_parameters"]
    dtype = np.dtype(details["dtype"]).name
    if len(parameters["scales"]) != 1:
        return Quantization(dtype)
    return Quantization(dtype, float(parameters["scales"][0]), int(parameters["zero_points"][0]))
