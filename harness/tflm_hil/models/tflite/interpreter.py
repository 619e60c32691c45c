"""TensorFlow's own interpreter with its reference kernels: the TFLite rung, and what a conversion
is compared on. Imports TensorFlow: for workers only.

The reference resolver refuses some operators at newer versions (REVERSE_V2 and TILE version 3);
those models run with the optimised kernels, without delegates, and their circumstances say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tflm_hil.models.tflite.feedback import Feedback, Wiring
from tflm_hil.models.tflite.inspect import StateNumbers, inspect
from tflm_hil.models.tflite.layout import InputTensor, Layout
from tflm_hil.models.tflite.quantize import Quantization

RESOLVERS = ("BUILTIN_REF", "BUILTIN_WITHOUT_DEFAULT_DELEGATES")
RESOURCE_OPERATOR = "VAR_HANDLE"


class TfliteInterpreter:
    """`tf.lite.Interpreter` on one thread, reference kernels where they take the model."""

    def __init__(self, content: bytes, states: StateNumbers | None = None) -> None:
        self._content = content
        inspection = inspect(content, states=states)
        # reset_all_variables() leaves resource variables as they are: only a new interpreter
        # starts them again
        self._renew = RESOURCE_OPERATOR in inspection.operator_counts
        self._interpreter, resolver = _create(content)
        self.circumstances = {"resolver": resolver}
        wiring = Wiring.of(inspection)
        # by position in the flatbuffer: the details may come in another order
        self._inputs = inspection.subgraphs[0].inputs
        self._outputs = inspection.subgraphs[0].outputs
        details = {item["index"]: item for item in self._interpreter.get_tensor_details()}
        self.inputs = Layout(tuple(_input(details[self._inputs[index]]) for index in wiring.inputs))
        self.output_quantizations = tuple(
            _quantization(details[self._outputs[index]]) for index in wiring.order
        )
        self._feedback = Feedback(self._run, wiring)

    def reset(self) -> None:
        """Variable tensors as after loading, states at zero."""
        if self._renew:
            self._interpreter, _ = _create(self._content)
        else:
            self._interpreter.reset_all_variables()
        self._feedback.reset()

    def invoke(self, blocks: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """One inference."""
        return self._feedback.invoke(blocks)

    def _run(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        for index, array in zip(self._inputs, inputs, strict=True):
            self._interpreter.set_tensor(index, array)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


def _create(content: bytes) -> tuple[Any, str]:
    kinds = tf.lite.experimental.OpResolverType
    for resolver in RESOLVERS:
        try:
            # refuses an operator of a version that it does not know right here
            interpreter = tf.lite.Interpreter(
                model_content=content,
                experimental_op_resolver_type=getattr(kinds, resolver),
                num_threads=1,
            )
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError):
            if resolver == RESOLVERS[-1]:
                raise
            continue
        return interpreter, resolver
    raise AssertionError("unreachable: the last resolver returns or raises")


def _input(details: dict[str, Any]) -> InputTensor:
    shape = tuple(int(size) for size in details["shape"])
    return InputTensor(details["name"], shape, _quantization(details))


def _quantization(details: dict[str, Any]) -> Quantization:
    scale, zero_point = details["quantization"]
    return Quantization(np.dtype(details["dtype"]).name, float(scale), int(zero_point))
