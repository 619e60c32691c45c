"""Models made for one purpose each, written with the TFLite schema's own builder.

No converter takes part, so they can be as small, as large or as wrong as a test needs.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

FLOAT32 = 0


@cache
def schema() -> ModuleType:
    """The generated schema module of the tflite-micro wheel, loaded from its file: importing the
    package would load the interpreter."""
    package = importlib.util.find_spec("tflite_micro")
    assert package is not None
    assert package.submodule_search_locations is not None
    root = Path(next(iter(package.submodule_search_locations)))
    path = root / "tensorflow/lite/micro/python/schema_py_generated.py"
    spec = importlib.util.spec_from_file_location("tests.support._schema", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def fully_connected(weights: NDArray[np.float32]) -> bytes:
    """`[1, inputs]` float32 → `[1, outputs]` float32 by `weights` `[outputs, inputs]`, no bias."""
    s = schema()
    outputs, inputs = weights.shape
    options = s.FullyConnectedOptionsT()
    return _model(
        s.BuiltinOperator.FULLY_CONNECTED,
        s.BuiltinOptions.FullyConnectedOptions,
        options,
        [_tensor("x", (1, inputs)), _tensor("w", weights.shape, 1), _tensor("y", (1, outputs))],
        [0, 1],
        weights.astype("<f4").tobytes(),
    )


def add(elements: int) -> bytes:
    """`y = x + x` on `[1, elements]` float32: an arena of the size that one wants."""
    s = schema()
    return _model(
        s.BuiltinOperator.ADD,
        s.BuiltinOptions.AddOptions,
        s.AddOptionsT(),
        [_tensor("x", (1, elements)), _tensor("unused", (1,), 1), _tensor("y", (1, elements))],
        [0, 0],
        b"\0\0\0\0",
    )


def with_operator(operator: str) -> bytes:
    """A model of one operator (a name of BuiltinOperator), without options; TILE has two inputs."""
    s = schema()
    return _model(
        getattr(s.BuiltinOperator, operator),
        s.BuiltinOptions.NONE,
        None,
        [_tensor("x", (1, 4)), _tensor("second", (1,), 1), _tensor("y", (1, 4))],
        [0, 1] if operator == "TILE" else [0],
        b"\0\0\0\0",
    )


def _tensor(name: str, shape: tuple[int, ...], buffer: int = 0) -> Any:
    tensor = schema().TensorT()
    tensor.name = name.encode()
    tensor.shape = np.array(shape, np.int32)
    tensor.type = FLOAT32
    tensor.buffer = buffer
    return tensor


def _model(
    builtin: int,
    options_type: int,
    options: Any,
    tensors: list[Any],
    inputs: list[int],
    data: bytes,
) -> bytes:
    s = schema()
    code = s.OperatorCodeT()
    code.builtinCode = builtin
    code.deprecatedBuiltinCode = min(builtin, 127)
    code.version = 1
    operator = s.OperatorT()
    operator.opcodeIndex = 0
    operator.inputs = np.array(inputs, np.int32)
    operator.outputs = np.array([2], np.int32)
    operator.builtinOptionsType = options_type
    operator.builtinOptions = options
    graph = s.SubGraphT()
    graph.name = b"main"
    graph.tensors = tensors
    graph.inputs = np.array([0], np.int32)
    graph.outputs = np.array([2], np.int32)
    graph.operators = [operator]
    empty, constant = s.BufferT(), s.BufferT()
    constant.data = np.frombuffer(data, np.uint8)
    model = s.ModelT()
    model.version = 3
    model.description = b"made by tests.support.tiny_models"
    model.operatorCodes = [code]
    model.subgraphs = [graph]
    model.buffers = [empty, constant]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
