"""Flatbuffers made by hand, for what no converter would write. Imports neither framework.

model = ModelBuilder()
main = model.graph()
x = main.tensor("x", (1, 3), "int8", scale=0.5)
y = main.tensor("y", (1, 3), "int8", scale=0.25, zero_point=4)
main.operator("RELU", [x], [y])
main.finish(inputs=[x], outputs=[y])
content = model.content()
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import ArrayLike
from tflm_hil.models.tflite.inspect import DTYPES
from tflm_hil.models.tflite.schema import load_schema

CODES = {name: code for code, name in DTYPES.items()}


class ModelBuilder:
    """A model under construction."""

    def __init__(self) -> None:
        s = load_schema()
        self.model = s.ModelT()
        self.model.version = 3
        self.model.description = b"made by tests.support.graph_builder"
        self.model.operatorCodes = []
        self.model.subgraphs = []
        self.model.buffers = [s.BufferT()]
        self.model.signatureDefs = []

    def graph(self, name: str = "main") -> GraphBuilder:
        """A further subgraph; the first is the main one."""
        return GraphBuilder(self.model, name)

    def signature(self, inputs: dict[str, int], outputs: dict[str, int]) -> None:
        """Names for inputs and outputs of the main subgraph."""
        s = load_schema()
        signature = s.SignatureDefT()
        signature.signatureKey = b"serving_default"
        signature.subgraphIndex = 0
        signature.inputs = [_entry(name, index) for name, index in inputs.items()]
        signature.outputs = [_entry(name, index) for name, index in outputs.items()]
        self.model.signatureDefs.append(signature)

    def content(self) -> bytes:
        """The flatbuffer."""
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


class GraphBuilder:
    """A subgraph under construction; tensors are named by their index."""

    def __init__(self, model: Any, name: str) -> None:
        self._model = model
        self._graph = load_schema().SubGraphT()
        self._graph.name = name.encode()
        self._graph.tensors = []
        self._graph.operators = []
        self.index = len(model.subgraphs)
        model.subgraphs.append(self._graph)

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str = "float32",
        *,
        scale: float | Sequence[float] | None = None,
        zero_point: int = 0,
        data: ArrayLike | None = None,
        variable: bool = False,
    ) -> int:
        """A tensor; a dimension of -1 is dynamic, `data` makes it constant."""
        s = load_schema()
        tensor = s.TensorT()
        tensor.name = name.encode()
        tensor.type = CODES[dtype]
        tensor.shape = np.array([max(size, 1) for size in shape], np.int32)
        if -1 in shape:
            tensor.shapeSignature = np.array(shape, np.int32)
        tensor.isVariable = variable
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            tensor.quantization = s.QuantizationParametersT()
            tensor.quantization.scale = scales
            tensor.quantization.zeroPoint = np.full(len(scales), zero_point, np.int64)
        if data is not None:
            buffer = s.BufferT()
            stored = np.broadcast_to(np.asarray(data, dtype), tensor.shape)
            buffer.data = np.frombuffer(stored.tobytes(), np.uint8)
            tensor.buffer = len(self._model.buffers)
            self._model.buffers.append(buffer)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: str = "",
        **fields: Any,
    ) -> None:
        """An operator; `options` is the name of its options table without "Options"."""
        s = load_schema()
        code = s.OperatorCodeT()
        code.builtinCode = getattr(s.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1
        operator = s.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes)
        operator.inputs = np.array(inputs, np.int32)
        operator.outputs = np.array(outputs, np.int32)
        if options:
            operator.builtinOptionsType = getattr(s.BuiltinOptions, f"{options}Options")
            operator.builtinOptions = getattr(s, f"{options}OptionsT")()
            for field, value in fields.items():
                assert hasattr(operator.builtinOptions, field), field
                setattr(operator.builtinOptions, field, value)
        self._model.operatorCodes.append(code)
        self._graph.operators.append(operator)

    def finish(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        """Which tensors go in and out."""
        self._graph.inputs = np.array(inputs, np.int32)
        self._graph.outputs = np.array(outputs, np.int32)


def _entry(name: str, index: int) -> Any:
    entry = load_schema().TensorMapT()
    entry.name = name.encode()
    entry.tensorIndex = index
    return entry


def accumulator(*, state_scale: float = 0.5, next_scale: float = 0.25) -> bytes:
    """A single-step model in int8: h' = y = x + h, the two ends of `h` on the scales given."""
    model = ModelBuilder()
    main = model.graph()
    h = main.tensor("h", (1, 2), "int8", scale=state_scale, zero_point=1)
    x = main.tensor("x", (1, 2), "int8", scale=0.125)
    y = main.tensor("sum", (1, 2), "int8", scale=next_scale, zero_point=1)
    main.operator("ADD", [x, h], [y], "Add", potScaleInt16=False)
    main.finish(inputs=[h, x], outputs=[y, y])
    model.signature({"x": x, "h": h}, {"y": y, "h_next": y})
    return model.content()
