"""Writes small .tflite files by hand, for models that no converter would make.

Runs in a worker process only: the schema comes with `tflite_micro`, whose import is heavy.

    graph = Graph()
    x = graph.input("INT8", [1, 8], scale=0.1, zero_point=3)
    y = graph.tensor("INT8", [1, 8], scale=0.2, zero_point=-5)
    graph.op("RELU", [x], [y])
    model = graph.finish([y])
"""

from __future__ import annotations

from collections.abc import Sequence

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

NUMPY_TYPES = {
    "FLOAT32": np.float32,
    "INT32": np.int32,
    "INT64": np.int64,
    "INT16": np.int16,
    "INT8": np.int8,
    "UINT8": np.uint8,
    "BOOL": np.bool_,
}


class Graph:
    """One subgraph of a model; tensors are named by their index."""

    def __init__(self, parent: Graph | None = None) -> None:
        """The main graph, or with `parent` one more subgraph of its model."""
        if parent is None:
            self.model = schema.ModelT()
            self.model.version = 3
            self.model.description = b"made by hand"
            self.model.buffers = [schema.BufferT()]
            self.model.operatorCodes = []
            self.model.subgraphs = []
        else:
            self.model = parent.model
        self.subgraph = schema.SubGraphT()
        self.subgraph.name = b"main"
        self.subgraph.tensors = []
        self.subgraph.operators = []
        self.subgraph.inputs = []
        self.subgraph.outputs = []
        self.index = len(self.model.subgraphs)
        self.model.subgraphs.append(self.subgraph)

    def tensor(
        self,
        kind: str,
        shape: Sequence[int],
        *,
        scale: float | Sequence[float] | None = None,
        zero_point: int = 0,
        axis: int = 0,
        data: np.ndarray | None = None,
        variable: bool = False,
    ) -> int:
        """A tensor's index. With `data` it is constant; several scales are along `axis`."""
        tensor = schema.TensorT()
        tensor.shape = list(shape)
        tensor.type = getattr(schema.TensorType, kind)
        tensor.name = f"t{len(self.subgraph.tensors)}".encode()
        tensor.isVariable = variable
        if scale is not None:
            scales = [scale] if isinstance(scale, float) else list(scale)
            quantization = schema.QuantizationParametersT()
            quantization.scale = scales
            quantization.zeroPoint = [zero_point] * len(scales)
            quantization.quantizedDimension = axis
            tensor.quantization = quantization
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(
                np.ascontiguousarray(data, NUMPY_TYPES[kind]).tobytes(), np.uint8
            )
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.subgraph.tensors.append(tensor)
        return len(self.subgraph.tensors) - 1

    def input(
        self,
        kind: str,
        shape: Sequence[int],
        *,
        scale: float | None = None,
        zero_point: int = 0,
    ) -> int:
        index = self.tensor(kind, shape, scale=scale, zero_point=zero_point)
        self.subgraph.inputs.append(index)
        return index

    def ints(self, *values: int) -> int:
        """A constant int32 vector."""
        return self.tensor("INT32", [len(values)], data=np.array(values))

    def op(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        *,
        version: int = 1,
        options: str | None = None,
        **fields: object,
    ) -> None:
        """Appends an operator; `options` is the table's name without "Options"."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = version
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes)
        operator.inputs = list(inputs)
        operator.outputs = list(outputs)
        if options is not None:
            table = getattr(schema, f"{options}OptionsT")()
            for field, value in fields.items():
                if not hasattr(table, field):
                    raise AttributeError(f"{options}Options has no field {field}")
                setattr(table, field, value)
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, f"{options}Options")
            operator.builtinOptions = table
        self.model.operatorCodes.append(code)
        self.subgraph.operators.append(operator)

    def finish(self, outputs: Sequence[int]) -> bytes:
        self.subgraph.outputs = list(outputs)
        builder = flatbuffers.Builder(4096)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
