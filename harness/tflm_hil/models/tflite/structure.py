"""What every flatbuffer must hold to be a model at all: asked once, where it is read.

Who works on a model afterwards may rely on it: there is a main subgraph, indices name what exists,
operators have the inputs and outputs that TFLite's kernels take for granted, and sizes are sizes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

MOST_ELEMENTS = 1 << 28
"""Of one tensor; more are damage, not a model."""

# The least number of inputs, where it is not 1 (tensorflow/lite/kernels, their Prepare functions).
_INPUTS = {
    **dict.fromkeys(("VAR_HANDLE", "CALL_ONCE", "HASHTABLE", "CALL", "WHILE"), 0),
    **dict.fromkeys(
        (
            "ADD", "SUB", "MUL", "DIV", "FLOOR_DIV", "FLOOR_MOD", "MAXIMUM", "MINIMUM", "POW",
            "SQUARED_DIFFERENCE", "EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER",
            "GREATER_EQUAL", "LOGICAL_AND", "LOGICAL_OR", "PRELU", "FULLY_CONNECTED", "CONV_2D",
            "DEPTHWISE_CONV_2D", "SPLIT", "GATHER", "GATHER_ND", "TILE", "BROADCAST_TO",
            "BROADCAST_ARGS", "EXPAND_DIMS", "TRANSPOSE", "SUM", "MEAN", "REDUCE_MAX", "REDUCE_MIN",
            "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL", "ARG_MAX", "ARG_MIN", "PAD", "MIRROR_PAD",
            "REVERSE_V2", "EMBEDDING_LOOKUP", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR",
            "BATCH_MATMUL", "CUMSUM", "TOPK_V2", "ASSIGN_VARIABLE", "FILL",
        ),
        2,
    ),
    **dict.fromkeys(
        (
            "SELECT", "SELECT_V2", "SLICE", "PADV2", "SPLIT_V", "RANGE", "TRANSPOSE_CONV",
            "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "DYNAMIC_UPDATE_SLICE", "SCATTER_ND",
        ),
        3,
    ),
    **dict.fromkeys(("STRIDED_SLICE", "ONE_HOT"), 4),
    **dict.fromkeys(("SVDF", "UNIDIRECTIONAL_SEQUENCE_RNN"), 5),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 20,
}  # fmt: skip
_NO_OUTPUT = frozenset({"ASSIGN_VARIABLE", "CALL_ONCE", "CALL", "WHILE", "HASHTABLE_IMPORT"})
_OPTIONAL = frozenset({"UNIDIRECTIONAL_SEQUENCE_LSTM", "SVDF", "UNIDIRECTIONAL_SEQUENCE_RNN"})
_SUBGRAPHS = {
    "WHILE": ("condSubgraphIndex", "bodySubgraphIndex"),
    "IF": ("thenSubgraphIndex", "elseSubgraphIndex"),
    "CALL_ONCE": ("initSubgraphIndex",),
}


class TensorShape(Protocol):
    """What is asked of a tensor."""

    @property
    def index(self) -> int:
        """Its number."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its size along each axis."""

    @property
    def shape_signature(self) -> tuple[int, ...]:
        """The same with -1 where it is open."""

    @property
    def scales(self) -> tuple[float, ...]:
        """Of its quantisation; none, one, or one a channel."""

    @property
    def zero_points(self) -> tuple[int, ...]:
        """As many as scales, or none."""


def check_tensor(tensor: TensorShape, where: str) -> None:
    """Raise ValueError for a size that is none, or scales without zero points."""
    name = f"tensor {tensor.index} of {where}"
    if any(size < 0 for size in tensor.shape) or any(size < -1 for size in tensor.shape_signature):
        raise ValueError(f"{name} has the shape {list(tensor.shape)}")
    if math.prod(tensor.shape) > MOST_ELEMENTS:
        raise ValueError(f"{name} claims {math.prod(tensor.shape)} elements")
    if len(tensor.shape_signature) != len(tensor.shape):
        raise ValueError(f"{name} has {len(tensor.shape)} axes and as a signature others")
    if tensor.zero_points and len(tensor.zero_points) != len(tensor.scales):
        raise ValueError(f"{name} has other numbers of scales and of zero points")
    if any(not math.isfinite(scale) or scale < 0.0 for scale in tensor.scales):
        raise ValueError(f"{name} has a scale that is no positive number")


def check_operator(
    name: str, inputs: Sequence[int], outputs: Sequence[int], tensors: int, where: str
) -> None:
    """Raise ValueError for an operator that lacks tensors, or names some that there are not."""
    if any(not -1 <= index < tensors for index in inputs) or any(
        not 0 <= index < tensors for index in outputs
    ):
        raise ValueError(f"{where} names a tensor that it does not have")
    least = _INPUTS.get(name, 1)
    custom = name.startswith(("CUSTOM", "operator "))
    if len(inputs) < least and not custom:
        raise ValueError(f"{name} of {where} has {len(inputs)} inputs; it takes {least} at least")
    if not outputs and name not in _NO_OUTPUT and not custom:
        raise ValueError(f"{name} of {where} has no output")
    needed = inputs[:1] if name in _OPTIONAL else inputs[: min(least, len(inputs))]
    if -1 in needed and not custom:
        raise ValueError(f"{name} of {where} lacks an input that it needs")


def check_graph(inputs: Sequence[int], outputs: Sequence[int], tensors: int, where: str) -> None:
    """Raise ValueError for inputs or outputs that are no tensors."""
    if any(not 0 <= index < tensors for index in (*inputs, *outputs)):
        raise ValueError(f"{where} names a tensor that it does not have")


def children_of(name: str) -> tuple[str, ...]:
    """The options of an operator that hold numbers of subgraphs."""
    return _SUBGRAPHS.get(name, ())
