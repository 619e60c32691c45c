"""How much tensor arena a model needs, roughly, from the flatbuffer alone.

Tensors that are alive at the same time must not share memory; which ones are follows from the
order of the operators. Placed greedily, largest first, as the engines do it. What an engine keeps
besides is counted for the `builtin` engine, by constants that were fitted to the eight shipped
digit models on the board (within 13 %); the true figure comes with LOAD.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tflm_hil.models.tflite.inspect import Inspection, Subgraph, Tensor

ALIGNMENT = 16

# What the builtin engine keeps on a 32-bit target.
TENSOR_BYTES = 24
OPERATOR_BYTES = 60
CHANNEL_BYTES = 12  # factor, shift and offset of a channel with a scale of its own
TABLE_BYTES = 256  # int8 TANH and LOGISTIC look results up, one table for each pair of scales


@dataclass(frozen=True)
class ArenaEstimate:
    """Bytes. `activations` share memory over time, `states` (variable tensors) never do;
    `engine` is what the builtin engine keeps for itself.
    """

    activations: int
    states: int
    engine: int

    @property
    def total(self) -> int:
        """The whole arena."""
        return self.activations + self.states + self.engine


@dataclass(frozen=True)
class _Span:
    """A tensor's size and the operators from which to which it is alive, both included."""

    size: int
    first: int
    last: int

    def meets(self, other: _Span) -> bool:
        return self.first <= other.last and other.first <= self.last


def estimate(model: Inspection) -> ArenaEstimate:
    """The estimate; subgraphs of loops are alive together with the graph that runs them."""
    return ArenaEstimate(
        activations=sum(_plan(_spans(graph)) for graph in model.subgraphs),
        states=sum(
            _size(tensor)
            for graph in model.subgraphs
            for tensor in graph.tensors
            if tensor.variable
        ),
        engine=_engine(model),
    )


def _engine(model: Inspection) -> int:
    tables = set()
    total = 0
    for graph in model.subgraphs:
        total += TENSOR_BYTES * len(graph.tensors) + OPERATOR_BYTES * len(graph.operators)
        for operator in graph.operators:
            if not operator.inputs or operator.inputs[0] < 0:
                continue
            source = graph.tensors[operator.inputs[0]]
            if operator.name in ("TANH", "LOGISTIC") and source.type == "int8":
                tables.add((operator.name, source.scale, source.zero_point))
            if operator.name == "FULLY_CONNECTED" and source.type in ("int8", "int16"):
                channels = len(graph.tensors[operator.inputs[1]].scales)
                total += CHANNEL_BYTES * channels if channels > 1 else 0
    return total + TABLE_BYTES * len(tables)


def _spans(graph: Subgraph) -> list[_Span]:
    end = len(graph.operators)
    first: dict[int, int] = dict.fromkeys(graph.inputs, 0)
    last: dict[int, int] = dict.fromkeys(graph.inputs, 0)
    for operator in graph.operators:
        for index in operator.inputs:
            if index in first:
                last[index] = operator.index
        for index in operator.outputs:
            first.setdefault(index, operator.index)
            last[index] = operator.index
    last |= {index: end for index in graph.outputs if index in first}
    return [
        _Span(_size(graph.tensors[index]), first[index], last[index])
        for index in first
        if not graph.tensors[index].variable
    ]


def _plan(spans: list[_Span]) -> int:
    """The size of the region that holds all spans."""
    placed: list[tuple[int, _Span]] = []
    for span in sorted(spans, key=lambda item: item.size, reverse=True):
        offset = 0
        for start, other in sorted(placed, key=lambda item: item[0]):
            if span.meets(other) and offset + span.size > start and start + other.size > offset:
                offset = start + other.size
        placed.append((offset, span))
    return max((offset + span.size for offset, span in placed), default=0)


def _size(tensor: Tensor) -> int:
    """Bytes of a tensor in the arena; an open dimension counts as the 1 that it is stored as."""
    try:
        width = np.dtype(tensor.type).itemsize
    except TypeError:
        width = 4  # resource handles
    size = math.prod(tensor.shape) * width
    return -(-size // ALIGNMENT) * ALIGNMENT
