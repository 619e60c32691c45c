"""The number of iterations of a model's loop, and the same model with fewer of them.

The loop of a recurrent layer counts up to a constant in the condition's subgraph (LESS i, T). The
model with a smaller constant stops early and leaves the tensors of that iteration behind, which
is how a descent looks into the middle of a loop.
"""

from __future__ import annotations

import struct
from typing import Any

from tflm_hil.models.tflite.inspect import Inspection, inspect
from tflm_hil.models.tflite.schema import load_schema


def trip_count(content: bytes, loop: int | None = None) -> int | None:
    """Iterations of a loop; None if there is none or no constant count.

    `loop` is the index of its operator in the main graph; None: the only one there is.
    """
    counts = {value for value, _ in _bounds(content, loop)}
    return counts.pop() if len(counts) == 1 else None


def loop_counts(content: bytes, model: Inspection) -> tuple[int, ...]:
    """Iterations of every loop of the main graph whose count is constant."""
    loops = [op.index for op in model.subgraphs[0].operators if op.name == "WHILE"]
    counts = (trip_count(content, loop) for loop in loops)
    return tuple(count for count in counts if count is not None)


def with_trip_count(content: bytes, count: int, loop: int | None = None) -> bytes:
    """The model with `count` iterations of a loop; ValueError if it has no constant count.

    Loops of equal length may share their constant: they are then shortened together.
    """
    bounds = _bounds(content, loop)
    if not bounds:
        raise ValueError("the model has no loop that counts up to a constant")
    changed = bytearray(content)
    for _, offset in bounds:
        struct.pack_into("<i", changed, offset, count)
    return bytes(changed)


def _bounds(content: bytes, loop: int | None) -> list[tuple[int, int]]:
    """Value and place in the file of every constant that a loop's condition compares with."""
    model = inspect(content)
    loops = [
        op for op in model.subgraphs[0].operators if op.name == "WHILE" and loop in (None, op.index)
    ]
    if len(loops) != 1:
        return []
    raw = load_schema().Model.GetRootAsModel(content, 0)
    bounds = []
    condition = loops[0].options["condSubgraphIndex"]
    for graph in model.subgraphs[1:]:
        if graph.index != condition:
            continue
        for op in graph.operators:
            bound = graph.tensors[op.inputs[1]] if op.name == "LESS" else None
            if bound is None or bound.type != "int32" or bound.constant_bytes != 4:
                continue
            offset = _offset(raw, graph.index, bound.index)
            bounds.append((struct.unpack_from("<i", content, offset)[0], offset))
    return bounds


def _offset(raw: Any, subgraph: int, tensor: int) -> int:
    """Where in the file the bytes of a constant begin."""
    buffer = raw.Buffers(raw.Subgraphs(subgraph).Tensors(tensor).Buffer())
    field = buffer._tab.Offset(4)  # Buffer.data is its first field (schema.fbs)
    return int(buffer._tab.Vector(field))
