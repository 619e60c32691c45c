"""A model with a resource variable, as stateful layers become: a counter that starts at 5."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from tflm_hil.models.tflite.schema import load_schema

START = np.array([5.0, 50.0], np.float32)

_FLOAT32, _RESOURCE = 0, 13


def counter() -> bytes:
    """`y = (v += x)` on `[1, 2]` float32. CALL_ONCE sets v to `START` before the first step."""
    s = load_schema()
    codes = ("CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ADD", "ASSIGN_VARIABLE")

    def tensor(name: str, kind: int = _FLOAT32, buffer: int = 0) -> Any:
        made = s.TensorT()
        made.name, made.type, made.buffer = name.encode(), kind, buffer
        made.shape = np.array([1, 2] if kind == _FLOAT32 else [], np.int32)
        return made

    def operator(code: str, inputs: list[int], outputs: list[int], options: Any = None) -> Any:
        made = s.OperatorT()
        made.opcodeIndex = codes.index(code)
        made.inputs, made.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        if options is not None:
            made.builtinOptionsType = getattr(s.BuiltinOptions, type(options).__name__[:-1])
            made.builtinOptions = options
        return made

    def graph(name: str, tensors: list[Any], ends: list[list[int]], operators: list[Any]) -> Any:
        made = s.SubGraphT()
        made.name, made.tensors, made.operators = name.encode(), tensors, operators
        made.inputs, made.outputs = (np.array(end, np.int32) for end in ends)
        return made

    once, variable = s.CallOnceOptionsT(), s.VarHandleOptionsT()
    once.initSubgraphIndex = 1
    variable.container, variable.sharedName = b"", b"v"
    main = graph(
        "main",
        [tensor("x"), tensor("v", _RESOURCE), tensor("old"), tensor("y")],
        [[0], [3]],
        [
            operator("CALL_ONCE", [], [], once),
            operator("VAR_HANDLE", [], [1], variable),
            operator("READ_VARIABLE", [1], [2], s.ReadVariableOptionsT()),
            operator("ADD", [2, 0], [3], s.AddOptionsT()),
            operator("ASSIGN_VARIABLE", [1, 3], [], s.AssignVariableOptionsT()),
        ],
    )
    start = graph(
        "start",
        [tensor("v", _RESOURCE), tensor("start", buffer=1)],
        [[], []],
        [
            operator("VAR_HANDLE", [], [0], variable),
            operator("ASSIGN_VARIABLE", [0, 1], [], s.AssignVariableOptionsT()),
        ],
    )
    model = s.ModelT()
    model.version = 3
    model.description = b"made by tests.support.variable_model"
    model.operatorCodes = []
    for name in codes:
        code = s.OperatorCodeT()
        code.builtinCode = getattr(s.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1
        model.operatorCodes.append(code)
    constant = s.BufferT()
    constant.data = np.frombuffer(START.tobytes(), np.uint8)
    model.subgraphs, model.buffers = [main, start], [s.BufferT(), constant]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
