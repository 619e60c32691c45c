"""A recurrent model of one step: 12 bytes in, 16 bytes out, and a state that remembers.

`lstm_step()` is a fused LSTM, `[1, 1, 3]` → `[1, 1, 4]` float32, whose state lives in variable
tensors and is kept from Invoke to Invoke: a step that is lost, repeated or out of order changes
every later result.
"""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from tests.support.tiny_models import FLOAT32, schema

INPUTS = 3
UNITS = 4
GATES = 4
ABSENT = -1


def lstm_step(seed: int = 1) -> bytes:
    """The model; `seed` draws its weights."""
    builder = _Builder(np.random.default_rng(seed))
    x = builder.tensor("x", (1, 1, INPUTS))
    y = builder.tensor("y", (1, 1, UNITS))
    inputs = [x]
    inputs += [builder.constant(f"w{gate}", (UNITS, INPUTS)) for gate in range(GATES)]
    inputs += [builder.constant(f"r{gate}", (UNITS, UNITS)) for gate in range(GATES)]
    inputs += [ABSENT] * 3  # peepholes
    inputs += [builder.constant(f"b{gate}", (UNITS,)) for gate in range(GATES)]
    inputs += [ABSENT] * 2  # projection
    inputs += [builder.tensor(name, (1, UNITS), variable=True) for name in ("h", "c")]
    inputs += [ABSENT] * 4  # layer normalisation
    return builder.model(inputs, x, y)


class _Builder:
    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._tensors: list[Any] = []
        self._buffers: list[Any] = [schema().BufferT()]

    def tensor(self, name: str, shape: tuple[int, ...], *, variable: bool = False) -> int:
        tensor = schema().TensorT()
        tensor.name = name.encode()
        tensor.shape = np.array(shape, np.int32)
        tensor.type = FLOAT32
        tensor.isVariable = variable
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def constant(self, name: str, shape: tuple[int, ...]) -> int:
        index = self.tensor(name, shape)
        values: NDArray[np.float64] = self._random.normal(size=shape)
        buffer = schema().BufferT()
        buffer.data = np.frombuffer(values.astype("<f4").tobytes(), np.uint8)
        self._buffers.append(buffer)
        self._tensors[index].buffer = len(self._buffers) - 1
        return index

    def model(self, inputs: list[int], x: int, y: int) -> bytes:
        s = schema()
        code = s.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = (
            s.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM
        )
        code.version = 1
        options = s.UnidirectionalSequenceLSTMOptionsT()
        options.fusedActivationFunction = s.ActivationFunctionType.TANH
        operator = s.OperatorT()
        operator.inputs = np.array(inputs, np.int32)
        operator.outputs = np.array([y], np.int32)
        operator.builtinOptionsType = s.BuiltinOptions.UnidirectionalSequenceLSTMOptions
        operator.builtinOptions = options
        graph = s.SubGraphT()
        graph.name = b"main"
        graph.tensors = self._tensors
        graph.inputs = np.array([x], np.int32)
        graph.outputs = np.array([y], np.int32)
        graph.operators = [operator]
        model = s.ModelT()
        model.version = 3
        model.description = b"made by tests.support.step_model"
        model.operatorCodes = [code]
        model.subgraphs = [graph]
        model.buffers = self._buffers
        flat = flatbuffers.Builder(1024)
        flat.Finish(model.Pack(flat), b"TFL3")
        return bytes(flat.Output())
