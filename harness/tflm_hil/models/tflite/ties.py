"""Scales that an input shares with another tensor, because integer kernels join both as they are.

tie = tie_of(model, tensor)      # None if the scale is the input's own
tie.operator, tie.tensor         # "CONCATENATION", "the/other"
"""

from __future__ import annotations

from dataclasses import dataclass

from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph

# Operators whose integer kernels have one scale for all that they join or pass on.
JOINING = frozenset(
    {"CONCATENATION", "MAXIMUM", "MINIMUM", "PACK", "PADV2", "SELECT", "SELECT_V2", "WHERE"}
)
PASSING = frozenset(
    {"EXPAND_DIMS", "GATHER", "MAX_POOL_2D", "PAD", "PADV2", "RESHAPE", "REVERSE_V2", "SLICE",
     "SPLIT", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TRANSPOSE", "UNPACK"}
)  # fmt: skip
CONDITIONS = ("SELECT", "SELECT_V2", "WHERE")


@dataclass(frozen=True)
class Tie:
    """The operator that joins an input with another tensor on its scale, and that one's name."""

    operator: str
    tensor: str


def tie_of(model: Inspection, index: int) -> Tie | None:
    """Of a quantised tensor of the main subgraph, followed through operators that pass values on:
    whatever is joined with it has the same scale, and the same bytes mean the same.
    """
    main = model.subgraphs[0]
    if not main.tensors[index].scales:
        return None
    group = {index}
    for op in main.operators:
        if op.name in JOINING and group & set(_joined(op)):
            others = [
                other
                for other in _joined(op)
                if other >= 0 and other not in group and main.tensors[other].scales
            ]
            same = [other for other in others if other in _on_its_scale(main, (other,), index)]
            if same:
                return Tie(op.name, main.tensors[same[0]].name)
            group |= _on_its_scale(main, op.outputs, index)
        elif op.name in PASSING and group & set(op.inputs):
            group |= _on_its_scale(main, op.outputs, index)
    return None


def _joined(op: Operator) -> tuple[int, ...]:
    """What is joined; the first input of a selection is its condition."""
    if op.name == "PADV2":  # what is padded, and with what
        return (*op.inputs[:1], *op.inputs[2:])
    return op.inputs[1:] if op.name in CONDITIONS else op.inputs


def _on_its_scale(graph: Subgraph, indices: tuple[int, ...], like: int) -> set[int]:
    wanted = graph.tensors[like]
    return {
        index
        for index in indices
        if index >= 0
        and graph.tensors[index].scales == wanted.scales
        and graph.tensors[index].zero_points == wanted.zero_points
    }
