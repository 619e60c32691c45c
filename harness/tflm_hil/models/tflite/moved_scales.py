"""Operators that move integers and compute nothing, whose result the converter gave another scale.

TFLite's 8-bit specification wants one scale on both sides of them, and the kernels copy bytes. The
converter gives the operands of a CONCATENATION the scale of its result, also through a REVERSE_V2,
of which it changes the output and not the input: what a bidirectional layer read from the end then
comes out multiplied by the ratio of the two. Here a QUANTIZE behind the operator takes it from the
one scale to the other.
"""

from __future__ import annotations

import math

import numpy as np

from tflm_hil.models.tflite.flatbuffer import Editor
from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph, inspect

# The number of the input that is moved.
MOVED = {
    "BROADCAST_TO": 0, "EXPAND_DIMS": 0, "GATHER": 0, "GATHER_ND": 0, "RESHAPE": 0, "REVERSE_V2": 0,
    "SLICE": 0, "SPLIT": 1, "SPLIT_V": 0, "SQUEEZE": 0, "STRIDED_SLICE": 0, "TILE": 0,
    "TRANSPOSE": 0, "UNPACK": 0,
}  # fmt: skip
INTEGERS = ("int8", "int16")

# Converters write the same scale with two roundings.
ROUNDING = 1e-5


def repair_moved(content: bytes) -> bytes:
    """The model with a QUANTIZE behind every such operator; the same bytes where there is none."""
    model = inspect(content)
    found = [
        (graph.index, operator.index, output)
        for graph in model.subgraphs
        for operator in graph.operators
        for output in _changed(graph, operator)
    ]
    if not found:
        return content
    editor = Editor(content)
    # from the last operator on, so that the numbers of those before stay
    for number, place, output in reversed(found):
        _bridge(editor, model, number, place, output)
    return editor.content()


def _changed(graph: Subgraph, operator: Operator) -> list[int]:
    """The outputs that are on another scale than what is moved."""
    if operator.name not in MOVED:
        return []
    tensors = {tensor.index: tensor for tensor in graph.tensors}
    given = tensors[operator.inputs[MOVED[operator.name]]]
    if given.type not in INTEGERS or len(given.scales) != 1:
        return []
    return [
        index
        for index in operator.outputs
        if tensors[index].type == given.type
        and len(tensors[index].scales) == 1
        and not (
            math.isclose(tensors[index].scale, given.scale, rel_tol=ROUNDING)
            and tensors[index].zero_point == given.zero_point
        )
    ]


def _bridge(editor: Editor, model: Inspection, number: int, place: int, output: int) -> None:
    operator = editor.model.subgraphs[number].operators[place]
    name = model.subgraphs[number].operators[place].name
    moved = editor.like(number, output, of=int(operator.inputs[MOVED[name]]))
    outputs = [moved if index == output else int(index) for index in operator.outputs]
    operator.outputs = np.array(outputs, np.int32)
    editor.quantise(number, moved, output, at=place + 1)
