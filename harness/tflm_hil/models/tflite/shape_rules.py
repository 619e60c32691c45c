"""What shape an operator's outputs have, and the values of those that only work with constants.

Rules are those of TFLite's operators (tensorflow/lite/kernels, their Prepare functions). `Call` is
an operator with all that is known of its inputs; a rule gives a shape for each output or raises
`Unknown`, naming what it lacks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
Value = NDArray[Any]

LARGEST_CONSTANT = 1 << 24
"""Elements; what is computed beforehand and is larger belongs to no microcontroller."""

SAME = 0  # enum Padding of the schema


class Unknown(Exception):
    """A shape or a value that cannot be known before the model runs."""


@dataclass(frozen=True)
class Call:
    """An operator: shapes and, where they are constant, values of its inputs (None for one that is
    left out), its options, and the NumPy type of its first output.
    """

    name: str
    shapes: tuple[Shape | None, ...]
    values: tuple[Value | None, ...]
    options: Any
    outputs: int
    dtype: str

    def shape(self, place: int) -> Shape:
        """Of an input that must be there."""
        shape = self.shapes[place] if place < len(self.shapes) else None
        if shape is None:
            raise Unknown(f"input {place} of {self.name}")
        return shape

    def value(self, place: int) -> Value:
        """Of an input that must be constant."""
        value = self.values[place] if place < len(self.values) else None
        if value is None:
            raise Unknown(f"what input {place} of {self.name} holds")
        return value

    def ints(self, place: int) -> Shape:
        """A constant input as a tuple of integers."""
        return tuple(int(item) for item in np.ravel(self.value(place)))

    def option(self, name: str, default: Any = 0) -> Any:
        """One of the operator's options."""
        return getattr(self.options, name, default) if self.options is not None else default


def _same(call: Call) -> list[Shape]:
    return [call.shape(0)] * call.outputs


def _broadcast(call: Call) -> list[Shape]:
    shapes = [shape for shape in call.shapes if shape is not None]
    return [tuple(int(size) for size in np.broadcast_shapes(*shapes))]


def _fully_connected(call: Call) -> list[Shape]:
    given, (units, width) = call.shape(0), call.shape(1)
    if call.option("keepNumDims"):
        return [(*given[:-1], units)]
    return [(math.prod(given) // width, units)]


def _reshape(call: Call) -> list[Shape]:
    options = call.option("newShape", None)
    has_input = len(call.shapes) > 1 and call.shapes[1] is not None
    wanted = call.ints(1) if has_input else tuple(int(size) for size in options)
    size = math.prod(call.shape(0))
    fixed = math.prod(item for item in wanted if item != -1)
    if -1 in wanted:
        wanted = tuple(size // max(1, fixed) if item == -1 else item for item in wanted)
    if math.prod(wanted) != size or min(wanted, default=1) < 0:
        raise Unknown(f"a RESHAPE of {size} elements to {list(wanted)}")
    return [wanted]


def _concatenation(call: Call) -> list[Shape]:
    shapes = [call.shape(place) for place in range(len(call.shapes))]
    axis = call.option("axis") % len(shapes[0])
    total = sum(shape[axis] for shape in shapes)
    return [(*shapes[0][:axis], total, *shapes[0][axis + 1 :])]


def _pack(call: Call) -> list[Shape]:
    shape = call.shape(0)
    axis = call.option("axis") % (len(shape) + 1)
    return [(*shape[:axis], len(call.shapes), *shape[axis:])]


def _unpack(call: Call) -> list[Shape]:
    shape = call.shape(0)
    axis = call.option("axis") % len(shape)
    return [(*shape[:axis], *shape[axis + 1 :])] * call.outputs


def _split(call: Call) -> list[Shape]:
    shape = call.shape(1)
    axis = call.ints(0)[0] % len(shape)
    return [(*shape[:axis], shape[axis] // call.outputs, *shape[axis + 1 :])] * call.outputs


def _split_v(call: Call) -> list[Shape]:
    shape, sizes = call.shape(0), call.ints(1)
    axis = call.ints(2)[0] % len(shape)
    rest = shape[axis] - sum(size for size in sizes if size >= 0)
    sizes = tuple(rest if size < 0 else size for size in sizes)
    return [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]


def _of_dummy(call: Call, change: Callable[[Value], Value]) -> list[Shape]:
    """The shape that NumPy makes of one that takes no memory."""
    return [change(np.broadcast_to(np.int8(0), call.shape(0))).shape]


def strided(call: Call, array: Value) -> Value:
    """STRIDED_SLICE: the part of `array` that it takes."""
    begin, end, strides = call.ints(1), call.ints(2), call.ints(3)
    masks = {
        name: call.option(f"{name}Mask")
        for name in ("begin", "end", "ellipsis", "newAxis", "shrinkAxis")
    }
    index: list[Any] = []
    for place, (first, last, stride) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << place
        if masks["ellipsis"] & bit:
            index.append(Ellipsis)
        elif masks["newAxis"] & bit:
            index.append(np.newaxis)
        elif masks["shrinkAxis"] & bit:
            index.append(first)
        else:
            stop = first + last if call.option("offset", False) else last
            index.append(
                slice(
                    None if masks["begin"] & bit else first,
                    None if masks["end"] & bit else stop,
                    stride,
                )
            )
    part: Value = np.asarray(array[tuple(index)])
    return part


def sliced(call: Call, array: Value) -> Value:
    """SLICE."""
    begin, size = call.ints(1), call.ints(2)
    index = tuple(
        slice(first, None if length < 0 else first + length)
        for first, length in zip(begin, size, strict=True)
    )
    part: Value = array[index]
    return part


def expanded(call: Call, array: Value) -> Value:
    """EXPAND_DIMS."""
    result: Value = np.expand_dims(array, call.ints(1)[0])
    return result


def squeezed(call: Call, array: Value) -> Value:
    """SQUEEZE."""
    chosen = call.option("squeezeDims", None)
    axes = () if chosen is None else tuple(int(axis) for axis in chosen)
    result: Value = np.squeeze(array, axes or None)
    return result


def transposed(call: Call, array: Value) -> Value:
    """TRANSPOSE."""
    result: Value = np.transpose(array, call.ints(1))
    return result


def _reduced(call: Call) -> list[Shape]:
    shape = call.shape(0)
    axes = {axis % len(shape) for axis in call.ints(1)} if shape else set()
    if call.option("keepDims"):
        return [tuple(1 if axis in axes else size for axis, size in enumerate(shape))]
    return [tuple(size for axis, size in enumerate(shape) if axis not in axes)]


def _arg(call: Call) -> list[Shape]:
    shape = call.shape(0)
    axis = call.ints(1)[0] % len(shape)
    return [(*shape[:axis], *shape[axis + 1 :])]


def _gather(call: Call) -> list[Shape]:
    shape, indices = call.shape(0), call.shape(1)
    axis, batch = call.option("axis") % len(shape), call.option("batchDims")
    return [(*shape[:axis], *indices[batch:], *shape[axis + 1 :])]


def _pad(call: Call) -> list[Shape]:
    pairs = call.value(1).reshape(-1, 2)
    return [
        tuple(
            size + int(before) + int(after)
            for size, (before, after) in zip(call.shape(0), pairs, strict=True)
        )
    ]


def _tile(call: Call) -> list[Shape]:
    return [tuple(size * n for size, n in zip(call.shape(0), call.ints(1), strict=True))]


def _batch_matmul(call: Call) -> list[Shape]:
    a, b = call.shape(0), call.shape(1)
    rows = a[-1] if call.option("adjX", False) else a[-2]
    columns = b[-2] if call.option("adjY", False) else b[-1]
    batch = tuple(int(size) for size in np.broadcast_shapes(a[:-2], b[:-2]))
    return [(*batch, rows, columns)]


def _window(call: Call, size: int, window: int, side: str) -> int:
    stride: int = call.option(f"stride{side}", 1)
    if call.option("padding") == SAME:
        return -(-size // stride)
    reach: int = (window - 1) * max(1, call.option(f"dilation{side}Factor", 1)) + 1
    return -(-(size - reach + 1) // stride)


def _convolution(call: Call) -> list[Shape]:
    batch, height, width, _ = call.shape(0)
    filters, rows, columns, depth = call.shape(1)
    channels = depth if call.name == "DEPTHWISE_CONV_2D" else filters
    return [(batch, _window(call, height, rows, "H"), _window(call, width, columns, "W"), channels)]


def _pool(call: Call) -> list[Shape]:
    batch, height, width, channels = call.shape(0)
    rows, columns = call.option("filterHeight", 1), call.option("filterWidth", 1)
    return [(batch, _window(call, height, rows, "H"), _window(call, width, columns, "W"), channels)]


def _lstm(call: Call) -> list[Shape]:
    # input 8: recurrent to output weights [n_cell, n_output]
    return [(*call.shape(0)[:-1], call.shape(8)[1])]


ELEMENTWISE = [
    "RELU",
    "RELU6",
    "RELU_N1_TO_1",
    "RELU_0_TO_1",
    "LOGISTIC",
    "TANH",
    "SOFTMAX",
    "LOG_SOFTMAX",
    "QUANTIZE",
    "DEQUANTIZE",
    "CAST",
    "NEG",
    "ABS",
    "EXP",
    "LOG",
    "SQRT",
    "RSQRT",
    "SQUARE",
    "SIN",
    "COS",
    "FLOOR",
    "CEIL",
    "ROUND",
    "ELU",
    "LEAKY_RELU",
    "HARD_SWISH",
    "GELU",
    "SIGN",
    "L2_NORMALIZATION",
    "LOGICAL_NOT",
    "ZEROS_LIKE",
    "REVERSE_V2",
    "REVERSE_SEQUENCE",
    "CUMSUM",
    "LOCAL_RESPONSE_NORMALIZATION",
    "DYNAMIC_UPDATE_SLICE",
]
BROADCASTING = [
    "ADD",
    "SUB",
    "MUL",
    "DIV",
    "FLOOR_DIV",
    "FLOOR_MOD",
    "MAXIMUM",
    "MINIMUM",
    "POW",
    "SQUARED_DIFFERENCE",
    "EQUAL",
    "NOT_EQUAL",
    "LESS",
    "LESS_EQUAL",
    "GREATER",
    "GREATER_EQUAL",
    "LOGICAL_AND",
    "LOGICAL_OR",
    "SELECT",
    "SELECT_V2",
    "ATAN2",
    "PRELU",
]
REDUCING = ["SUM", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL"]

RULES: dict[str, Callable[[Call], list[Shape]]] = {
    **dict.fromkeys(ELEMENTWISE, _same),
    **dict.fromkeys(BROADCASTING, _broadcast),
    **dict.fromkeys(REDUCING, _reduced),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), _convolution),
    **dict.fromkeys(("MAX_POOL_2D", "AVERAGE_POOL_2D"), _pool),
    **dict.fromkeys(("PAD", "PADV2"), _pad),
    **dict.fromkeys(("ARG_MAX", "ARG_MIN"), _arg),
    **dict.fromkeys(("FILL",), lambda call: [call.ints(0)]),
    **dict.fromkeys(("BROADCAST_TO",), lambda call: [call.ints(1)]),
    **dict.fromkeys(("TRANSPOSE_CONV",), lambda call: [call.ints(0)]),
    "SHAPE": lambda call: [(len(call.shape(0)),)],
    "RANK": lambda _: [()],
    "FULLY_CONNECTED": _fully_connected,
    "RESHAPE": _reshape,
    "CONCATENATION": _concatenation,
    "PACK": _pack,
    "UNPACK": _unpack,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "STRIDED_SLICE": lambda call: _of_dummy(call, lambda array: strided(call, array)),
    "SLICE": lambda call: _of_dummy(call, lambda array: sliced(call, array)),
    "EXPAND_DIMS": lambda call: _of_dummy(call, lambda array: expanded(call, array)),
    "SQUEEZE": lambda call: _of_dummy(call, lambda array: squeezed(call, array)),
    "TRANSPOSE": lambda call: _of_dummy(call, lambda array: transposed(call, array)),
    "GATHER": _gather,
    "TILE": _tile,
    "BATCH_MATMUL": _batch_matmul,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
}

# Computed beforehand if all inputs are constant: what moves elements, in any type, …
MOVES: dict[str, Callable[[Call], Value]] = {
    "SHAPE": lambda call: np.array(call.shape(0)),
    "RANK": lambda call: np.array(len(call.shape(0))),
    "FILL": lambda call: np.full(call.ints(0), call.value(1)),
    "BROADCAST_TO": lambda call: np.broadcast_to(call.value(0), call.ints(1)),
    "RESHAPE": lambda call: call.value(0).reshape(_reshape(call)[0]),
    "EXPAND_DIMS": lambda call: expanded(call, call.value(0)),
    "SQUEEZE": lambda call: squeezed(call, call.value(0)),
    "STRIDED_SLICE": lambda call: strided(call, call.value(0)),
    "SLICE": lambda call: sliced(call, call.value(0)),
    "TRANSPOSE": lambda call: transposed(call, call.value(0)),
    "TILE": lambda call: np.tile(call.value(0), call.ints(1)),
    "ZEROS_LIKE": lambda call: np.zeros(call.shape(0)),
}
# … and arithmetic on integers that have no scale: sizes and indices.
ARITHMETIC: dict[str, Callable[[Call], Value]] = {
    "PACK": lambda call: np.stack(_all(call), axis=call.option("axis")),
    "CONCATENATION": lambda call: np.concatenate(_all(call), axis=call.option("axis")),
    "GATHER": lambda call: np.take(call.value(0), call.value(1), axis=call.option("axis")),
    "CAST": lambda call: call.value(0),
    "ADD": lambda call: call.value(0) + call.value(1),
    "SUB": lambda call: call.value(0) - call.value(1),
    "MUL": lambda call: call.value(0) * call.value(1),
    "FLOOR_DIV": lambda call: call.value(0) // _divisor(call),
    "FLOOR_MOD": lambda call: call.value(0) % _divisor(call),
    "MAXIMUM": lambda call: np.maximum(call.value(0), call.value(1)),
    "MINIMUM": lambda call: np.minimum(call.value(0), call.value(1)),
    "NEG": lambda call: -call.value(0),
    "EQUAL": lambda call: call.value(0) == call.value(1),
    "NOT_EQUAL": lambda call: call.value(0) != call.value(1),
    "LESS": lambda call: call.value(0) < call.value(1),
    "GREATER": lambda call: call.value(0) > call.value(1),
    "LESS_EQUAL": lambda call: call.value(0) <= call.value(1),
    "GREATER_EQUAL": lambda call: call.value(0) >= call.value(1),
    "SELECT_V2": lambda call: np.where(call.value(0), call.value(1), call.value(2)),
    "REDUCE_PROD": lambda call: _reduce(call, np.prod),
    "SUM": lambda call: _reduce(call, np.sum),
    "REDUCE_MAX": lambda call: _reduce(call, np.max),
    "REDUCE_MIN": lambda call: _reduce(call, np.min),
    "RANGE": lambda call: np.arange(*(call.ints(place)[0] for place in range(3))),
    "BROADCAST_ARGS": lambda call: np.array(np.broadcast_shapes(call.ints(0), call.ints(1))),
}
BY_SHAPE_ALONE = frozenset({"SHAPE", "RANK", "ZEROS_LIKE"})


def shapes_of(call: Call) -> list[Shape]:
    """The shape of each output; KeyError for an operator without a rule. Raises Unknown."""
    return RULES[call.name](call)


def value_of(call: Call, *, plain: bool) -> Value | None:
    """What a call gives that only works with constants; None if it does not, or is too large.

    `plain`: no tensor of it has a scale.
    """
    known = all(
        value is not None
        for shape, value in zip(call.shapes, call.values, strict=True)
        if shape is not None
    )
    rule = MOVES.get(call.name)
    if rule is None and plain and np.dtype(call.dtype).kind in "iub":
        rule = ARITHMETIC.get(call.name)
    if rule is None or not (known or call.name in BY_SHAPE_ALONE):
        return None
    if call.name in ("FILL", "BROADCAST_TO", "TILE", "ZEROS_LIKE", "RESHAPE"):
        if math.prod(shapes_of(call)[0]) > LARGEST_CONSTANT:
            raise Unknown(f"the {LARGEST_CONSTANT} elements and more of a constant {call.name}")
    elif call.name == "RANGE" and abs(call.ints(1)[0]) > LARGEST_CONSTANT:
        raise Unknown("the size of a RANGE")
    return np.asarray(rule(call), call.dtype)


def _all(call: Call) -> list[Value]:
    return [call.value(place) for place in range(len(call.values))]


def _divisor(call: Call) -> Value:
    divisor = call.value(1)
    if np.any(divisor == 0):
        raise Unknown(f"a {call.name} by 0")
    return divisor


def _reduce(call: Call, function: Callable[..., Value]) -> Value:
    axes = tuple(axis % max(1, call.value(0).ndim) for axis in call.ints(1))
    return function(call.value(0), axis=axes, keepdims=bool(call.option("keepDims")))
