"""Flatbuffers of a single QUANTIZE or DEQUANTIZE operator."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.tflite.schema import load_schema

TYPES = {"float32": 0, "int16": 7, "int8": 9}


def build(operator: str, elements: int, quantization: Quantization) -> bytes:
    """`[1, elements]` float32 to `quantization` (QUANTIZE) or back (DEQUANTIZE)."""
    s = load_schema()
    number = getattr(s.BuiltinOperator, operator)
    code = s.OperatorCodeT()
    code.builtinCode = number
    code.deprecatedBuiltinCode = min(number, 127)
    code.version = 1 if quantization.dtype == "int8" and operator == "QUANTIZE" else 2
    operation = s.OperatorT()
    operation.opcodeIndex = 0
    operation.inputs = np.array([0], np.int32)
    operation.outputs = np.array([1], np.int32)
    tensors = [_tensor("float", elements, Quantization("float32"))]
    tensors.append(_tensor("stored", elements, quantization))
    if operator == "DEQUANTIZE":
        tensors.reverse()
    graph = s.SubGraphT()
    graph.name = b"main"
    graph.tensors = tensors
    graph.inputs = np.array([0], np.int32)
    graph.outputs = np.array([1], np.int32)
    graph.operators = [operation]
    model = s.ModelT()
    model.version = 3
    model.operatorCodes = [code]
    model.subgraphs = [graph]
    model.buffers = [s.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(name: str, elements: int, quantization: Quantization) -> Any:
    s = load_schema()
    tensor = s.TensorT()
    tensor.name = name.encode()
    tensor.shape = np.array([1, elements], np.int32)
    tensor.type = TYPES[quantization.dtype]
    if quantization.quantised:
        tensor.quantization = s.QuantizationParametersT()
        tensor.quantization.scale = np.array([quantization.scale], np.float32)
        tensor.quantization.zeroPoint = np.array([quantization.zero_point], np.int64)
    return tensor
