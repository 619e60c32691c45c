"""Tables of rows in int8, in a model whose activations are int16.

The converter's int16x8 form keeps the table of an Embedding as int16, as if its rows were
activations, and TFLM's GATHER takes float32 and int8 only. Here such a table becomes int8, as all
other weights of this form are, and a DEQUANTIZE and a QUANTIZE behind the GATHER bring its rows to
the int16 scale that they had (TFLite has no QUANTIZE from int8 to int16).
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from tflm_hil.models.tflite.flatbuffer import Editor
from tflm_hil.models.tflite.inspect import Inspection, inspect

# Symmetric: the scale of a weight is its largest magnitude by this (TFLite 8-bit specification).
LARGEST = 127

VERSIONS = {"DEQUANTIZE": 2, "QUANTIZE": 2}  # int8 in, int16 out


def narrow_tables(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The model with every int16 table that GATHER reads, and nothing else does, in int8; and what
    was done, in sentences. The same bytes where there is none.
    """
    model = inspect(content)
    tables = _tables(model)
    if not tables:
        return content, ()
    editor = Editor(content)
    notes = [_narrow(editor, graph, table) for graph, table in tables]
    return editor.content(), tuple(notes)


def _tables(model: Inspection) -> list[tuple[int, int]]:
    """Subgraph and index of every such tensor."""
    found = []
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            readers = [item for item in graph.operators if tensor.index in item.inputs]
            if (
                tensor.type == "int16"
                and tensor.constant_bytes
                and tensor.scale
                and readers
                and all(
                    item.name == "GATHER" and item.inputs.index(tensor.index) == 0
                    for item in readers
                )
                and tensor.index not in graph.outputs
            ):
                found.append((graph.index, tensor.index))
    return found


def _narrow(editor: Editor, number: int, index: int) -> str:
    graph, types = editor.model.subgraphs[number], editor.schema.TensorType
    table = graph.tensors[index]
    wide = table.quantization
    stored = np.frombuffer(bytes(editor.model.buffers[table.buffer].data), "<i2")
    values = stored.astype(np.float64) * float(wide.scale[0])
    scale = (float(np.max(np.abs(values))) or 1.0) / LARGEST
    narrow = copy.deepcopy(wide)
    narrow.scale, narrow.zeroPoint = np.array([scale], np.float32), np.array([0], np.int64)
    narrow.min = narrow.max = None
    table.quantization, table.type = narrow, types.INT8
    table.buffer = _buffer(editor, table, np.round(values / scale).astype(np.int8))
    for operator in [item for item in graph.operators if index in item.inputs]:
        output = int(operator.outputs[0])
        rows = _like(graph, output, "/int8", types.INT8, narrow)
        floats = _like(graph, output, "/float32", types.FLOAT32, None)
        operator.outputs = np.array([rows], np.int32)
        place = next(at for at, item in enumerate(graph.operators) if item is operator)
        graph.operators[place + 1 : place + 1] = [
            _bridge(editor, "DEQUANTIZE", rows, floats),
            _bridge(editor, "QUANTIZE", floats, output),
        ]
    return (
        f"the table of {table.shape[0]} rows that GATHER reads is int8 on the scale {scale:.4g}:"
        " TFLM looks up no int16"
    )


def _like(graph: Any, index: int, suffix: str, kind: int, quantization: Any) -> int:
    """A new tensor of the shape of another one; its index."""
    tensor = copy.deepcopy(graph.tensors[index])
    tensor.name, tensor.type, tensor.quantization = (
        tensor.name + suffix.encode(), kind, quantization,
    )  # fmt: skip
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _bridge(editor: Editor, name: str, source: int, target: int) -> Any:
    operator = editor.schema.OperatorT()
    operator.opcodeIndex = editor.code(name, VERSIONS[name])
    operator.inputs, operator.outputs = np.array([source], np.int32), np.array([target], np.int32)
    if name == "QUANTIZE":
        operator.builtinOptionsType = editor.schema.BuiltinOptions.QuantizeOptions
        operator.builtinOptions = editor.schema.QuantizeOptionsT()
    else:
        operator.builtinOptionsType = editor.schema.BuiltinOptions.DequantizeOptions
        operator.builtinOptions = editor.schema.DequantizeOptionsT()
    return operator


def _buffer(editor: Editor, table: Any, data: Any) -> int:
    """The number of a buffer with `data`: the table's own, or a new one where others read it."""
    readers = [
        tensor
        for graph in editor.model.subgraphs
        for tensor in graph.tensors
        if tensor.buffer == table.buffer
    ]
    number = int(table.buffer)
    if len(readers) > 1:
        editor.model.buffers.append(editor.schema.BufferT())
        number = len(editor.model.buffers) - 1
    editor.model.buffers[number].data = np.frombuffer(data.tobytes(), np.uint8)
    return number
