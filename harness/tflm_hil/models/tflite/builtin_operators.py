"""What each operator of the builtin engine keeps in the arena: sizes of the structures that its
Prepare leaves there, on a 32-bit target (`firmware/engine/builtin/kernels/`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tflm_hil.models.tflite.inspect import Operator, Subgraph, Tensor

# sizeof of what operators of one family keep.
FIXED = {
    "ARG_MAX": 24, "ARG_MIN": 24, "AVERAGE_POOL_2D": 80, "BATCH_MATMUL": 144,
    "BROADCAST_ARGS": 12, "CALL_ONCE": 12, "CAST": 8, "CEIL": 8, "COS": 8, "CUMSUM": 48,
    "DEQUANTIZE": 28, "DYNAMIC_UPDATE_SLICE": 16, "EMBEDDING_LOOKUP": 20, "EXP": 40, "FLOOR": 8,
    "GATHER": 28, "GATHER_ND": 24, "L2_NORMALIZATION": 20, "L2_POOL_2D": 80, "LOG": 40,
    "LOGICAL_NOT": 56, "LOG_SOFTMAX": 40, "MAX_POOL_2D": 80, "MEAN": 132, "NEG": 40,
    "QUANTIZE": 28, "REDUCE_ALL": 132, "REDUCE_MAX": 132, "REDUCE_MIN": 132, "RELU": 40,
    "RELU6": 40, "RESIZE_BILINEAR": 12, "RESIZE_NEAREST_NEIGHBOR": 12, "ROUND": 8,
    "SELECT_V2": 88, "SHAPE": 8, "SIN": 8, "SOFTMAX": 32, "SQRT": 40, "SQUARE": 40, "SUM": 132,
    "SVDF": 84, "UNIDIRECTIONAL_SEQUENCE_LSTM": 200,
}  # fmt: skip
# The same of operators that broadcast two inputs.
BROADCAST = {
    "ADD": 84, "DIV": 68, "EQUAL": 56, "FLOOR_DIV": 32, "FLOOR_MOD": 32, "GREATER": 56,
    "GREATER_EQUAL": 56, "LESS": 56, "LESS_EQUAL": 56, "LOGICAL_AND": 56, "LOGICAL_OR": 56,
    "MAXIMUM": 32, "MINIMUM": 32, "MUL": 84, "NOT_EQUAL": 56, "PRELU": 60,
    "SQUARED_DIFFERENCE": 76, "SUB": 84,
}  # fmt: skip
# What kernels for rare types keep (rare_types.cc).
RARE = {
    ("EQUAL", "bool"): 32, ("EQUAL", "int64"): 32, ("GREATER", "int64"): 32,
    ("GREATER_EQUAL", "int64"): 32, ("LESS", "int64"): 32, ("LESS_EQUAL", "int64"): 32,
    ("NOT_EQUAL", "bool"): 32, ("NOT_EQUAL", "int64"): 32, ("RSQRT", "int16"): 16,
}  # fmt: skip
TABLE_BYTES = 256  # results of all 256 inputs of int8
# int8: with a table each
LOOKED_UP = {"ABS": 40, "ELU": 40, "HARD_SWISH": 12, "LEAKY_RELU": 40, "RSQRT": 40}
SIGMOIDS = {"LOGISTIC": 36, "TANH": 36}  # int8: one table for all with the same units
CHANNELWISE = {
    "CONV_2D": 116, "DEPTHWISE_CONV_2D": 116, "FULLY_CONNECTED": 72, "TRANSPOSE_CONV": 100,
}  # fmt: skip
FACTOR_BYTES = 8  # one for each channel
OUTER_BYTES = 12  # BroadcastPlan::Outer, a dimension around the inner run
COPIES_BYTES, COPY_BYTES, AXIS_BYTES, FILL_BYTES = 12, 28, 12, 16  # copies.h
FILLED = frozenset({"FILL", "PAD", "PADV2", "SPACE_TO_BATCH_ND", "ZEROS_LIKE"})
LOOP_BYTES, LOOP_VARIABLE_BYTES = 20, 20  # control.cc
BRANCH_BYTES, PORT_BYTES = 24, 12  # if.cc
ADD_N_BYTES, POINTER_BYTES = 36, 4  # sums.cc
MOST_PARTS = 4096  # space.cc
HANDLE_BYTES, ACCESS_BYTES, VARIABLE_BYTES = 8, 8, 24  # variables.cc

# A dimension of a box that is copied: its length, and the steps in both tensors, in elements.
Dimension = tuple[int, int, int]


@dataclass
class OperatorBytes:
    """Goes through the operators in the order of Load: tables and variables are shared."""

    _tensors: Sequence[Tensor] = ()
    _tables: set[tuple[str, float, int]] = field(default_factory=set)
    _handles: dict[int, tuple[str, str]] = field(default_factory=dict)
    _variables: dict[tuple[str, str], Tensor | None] = field(default_factory=dict)

    def begin(self, graph: Subgraph) -> None:
        """The operators that follow are this subgraph's."""
        self._tensors = graph.tensors
        self._handles = {}

    def of(self, operator: Operator) -> int | None:
        """Bytes that `operator` keeps; None if the engine does not have it."""
        name = operator.name
        inputs = [self._tensors[index] for index in operator.inputs if index >= 0]
        outputs = [self._tensors[index] for index in operator.outputs]
        if inputs and (name, inputs[0].type) in RARE:
            outer = _outer_rank(inputs, outputs[0]) if len(inputs) == 2 else 0
            return RARE[name, inputs[0].type] + OUTER_BYTES * outer
        if name in FIXED:
            return FIXED[name]
        if name in BROADCAST:
            return BROADCAST[name] + OUTER_BYTES * _outer_rank(inputs, outputs[0])
        if name in LOOKED_UP:
            return LOOKED_UP[name] + (TABLE_BYTES if inputs[0].type == "int8" else 0)
        if name in SIGMOIDS:
            return SIGMOIDS[name] + self._table(name, inputs[0])
        if name in CHANNELWISE:
            return CHANNELWISE[name] + FACTOR_BYTES * _factors(name, inputs, outputs[0])
        if name in COPIES:
            boxes = COPIES[name](operator, inputs, outputs)
            fill = FILL_BYTES if name in FILLED else 0
            return fill + COPIES_BYTES + sum(COPY_BYTES + AXIS_BYTES * _axes(box) for box in boxes)
        if name == "WHILE":
            return LOOP_BYTES + LOOP_VARIABLE_BYTES * len(inputs)
        if name == "IF":
            return BRANCH_BYTES + PORT_BYTES * (len(inputs) - 1 + len(outputs))
        if name == "ADD_N":
            return ADD_N_BYTES + POINTER_BYTES * len(inputs)
        return self._variable(operator)

    def resource_bytes(self, size: Callable[[Tensor], int]) -> list[int]:
        """Sizes of the resource variables, the one that was opened last first."""
        return [size(tensor) for tensor in reversed(self._variables.values()) if tensor is not None]

    def _table(self, name: str, source: Tensor) -> int:
        key = (name, source.scale, source.zero_point)
        if source.type != "int8" or key in self._tables:
            return 0
        self._tables.add(key)
        return TABLE_BYTES

    def _variable(self, operator: Operator) -> int | None:
        if operator.name == "VAR_HANDLE":
            key = (operator.texts.get("container", ""), operator.texts.get("sharedName", ""))
            self._handles[operator.outputs[0]] = key
            opened = key in self._variables
            self._variables.setdefault(key, None)
            return HANDLE_BYTES + (0 if opened else VARIABLE_BYTES)
        value = {"READ_VARIABLE": operator.outputs, "ASSIGN_VARIABLE": operator.inputs[1:]}
        if operator.name not in value:
            return None
        handle = self._handles.get(operator.inputs[0])
        if handle is None:
            return None
        self._variables[handle] = self._tensors[value[operator.name][0]]
        return ACCESS_BYTES


def _factors(name: str, inputs: Sequence[Tensor], output: Tensor) -> int:
    if output.type == "float32":
        return 0
    if name == "FULLY_CONNECTED":
        scales = len(inputs[1].scales)
        return scales if scales > 1 else 0
    return output.shape[-1]


# --- Broadcasting (broadcast.cc) ---


def _outer_rank(inputs: Sequence[Tensor], output: Tensor) -> int:
    """Dimensions around the inner run, after those that both inputs walk alike were merged."""
    steps = [_broadcast_steps(tensor.shape, len(output.shape)) for tensor in inputs]
    groups: list[tuple[int, int, int]] = []
    for size, a, b in reversed(list(zip(output.shape, *steps, strict=True))):
        if size == 1:
            continue
        if groups:
            count, step_a, step_b = groups[-1]
            if (a, b) == (step_a * count, step_b * count):
                groups[-1] = (count * size, step_a, step_b)
                continue
        groups.append((size, a, b))
    return max(len(groups) - 1, 0)


def _broadcast_steps(shape: Sequence[int], rank: int) -> list[int]:
    """Elements from one to the next along each of `rank` dimensions; 0 repeats."""
    own = [0 if size == 1 else step for size, step in zip(shape, _row_major(shape), strict=True)]
    return [0] * (rank - len(shape)) + own


# --- Copies (copies.cc) ---


def _axes(box: Sequence[Dimension]) -> int:
    """Axes that are left when dimensions that continue each other were merged."""
    run = 1
    axes: list[Dimension] = []
    for count, source, target in reversed(box):
        if count == 1:
            continue
        if not axes and source == target == run:
            run *= count
            continue
        if axes and (source, target) == (axes[-1][1] * axes[-1][0], axes[-1][2] * axes[-1][0]):
            axes[-1] = (axes[-1][0] * count, axes[-1][1], axes[-1][2])
            continue
        axes.append((count, source, target))
    return len(axes)


def _row_major(shape: Sequence[int]) -> list[int]:
    return [math.prod(shape[index + 1 :]) for index in range(len(shape))]


def _box(counts: Sequence[int], source: Sequence[int], target: Sequence[int]) -> list[Dimension]:
    return list(zip(counts, source, target, strict=True))


Boxes = Iterator[list[Dimension]]


def _whole(*_: object) -> Boxes:
    """RESHAPE and its like: one run."""
    yield []


def _slices(operator: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Boxes:
    """SLICE, SPLIT, SPLIT_V: contiguous slices of one tensor."""
    source = inputs[1 if operator.name == "SPLIT" else 0]
    for output in outputs:
        yield _box(output.shape, _row_major(source.shape), _row_major(output.shape))


def _joined(_: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Boxes:
    """CONCATENATION, PAD, PADV2: each (first) input is a part of the output."""
    for source in inputs:
        yield _box(source.shape, _row_major(source.shape), _row_major(outputs[0].shape))


def _padded(operator: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Boxes:
    yield from _joined(operator, inputs[:1], outputs)


def _packed(operator: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Boxes:
    unpack = operator.name == "UNPACK"
    whole, parts = (inputs[0], outputs) if unpack else (outputs[0], inputs)
    axis = int(operator.options.get("axis", 0)) % len(whole.shape)
    for part in parts:
        counts = list(part.shape)
        steps = _row_major(part.shape)
        counts.insert(axis, 1)
        steps.insert(axis, 0)
        both = (_row_major(whole.shape), steps)
        yield _box(counts, *(both if unpack else both[::-1]))


def _strided(operator: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Boxes:
    source = inputs[0]
    strides = list(inputs[3].integers)
    shrink = int(operator.options.get("shrinkAxisMask", 0))
    kept = iter(outputs[0].shape)
    counts, steps = [], []
    for d, step in enumerate(_row_major(source.shape)):
        given = d < len(strides)
        dropped = given and shrink >> d & 1
        counts.append(1 if dropped else next(kept, 1))
        steps.append(step * (strides[d] if given and not dropped else 1))
    yield _box(counts, steps, _row_major(counts))


def _transposed(_: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Boxes:
    steps = _row_major(inputs[0].shape)
    order = [steps[axis] for axis in inputs[1].integers]
    yield _box(outputs[0].shape, order, _row_major(outputs[0].shape))


def _reversed(_: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Boxes:
    steps = _row_major(inputs[0].shape)
    axis = inputs[1].integers[0]
    steps[axis] = -steps[axis]
    yield _box(outputs[0].shape, steps, _row_major(outputs[0].shape))


def _repeated(_: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Boxes:
    """BROADCAST_TO."""
    shape = outputs[0].shape
    yield _box(shape, _broadcast_steps(inputs[0].shape, len(shape)), _row_major(shape))


def _filled(*_: object) -> Boxes:
    """FILL, ZEROS_LIKE: nothing is copied."""
    yield from ()


def _mirrored(_: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Boxes:
    """MIRROR_PAD: the input, then either end of each dimension, the innermost first."""
    counts = list(inputs[0].shape)
    steps = _row_major(outputs[0].shape)
    yield _box(counts, _row_major(inputs[0].shape), steps)
    for d in reversed(range(len(counts))):
        back = [-step if axis == d else step for axis, step in enumerate(steps)]
        for margin in inputs[1].integers[2 * d : 2 * d + 2]:
            if margin:
                yield _box([*counts[:d], margin, *counts[d + 1 :]], back, steps)
        counts[d] = outputs[0].shape[d]


def _depth_blocks(operator: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Boxes:
    """SPACE_TO_DEPTH, DEPTH_TO_SPACE."""
    apart = operator.name == "SPACE_TO_DEPTH"
    fine, coarse = (inputs[0], outputs[0]) if apart else (outputs[0], inputs[0])
    block, depth = int(operator.options.get("blockSize", 1)), fine.shape[3]
    in_fine, in_coarse = _row_major(fine.shape), _row_major(coarse.shape)
    steps = (
        [in_fine[0], in_fine[1] * block, in_fine[2] * block, in_fine[1], in_fine[2], 1],
        [*in_coarse[:3], depth * block, depth, 1],
    )
    counts = [*coarse.shape[:3], block, block, depth]
    yield _box(counts, *(steps if apart else steps[::-1]))


def _batch_blocks(operator: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Boxes:
    """SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND: a copy for each place of a block."""
    apart = operator.name == "SPACE_TO_BATCH_ND"
    fine, coarse = (inputs[0], outputs[0]) if apart else (outputs[0], inputs[0])
    depth = fine.shape[-1]
    axes = list(
        zip(
            fine.shape[1:-1], coarse.shape[1:-1], inputs[1].integers, inputs[2].integers[::2],
            strict=True,
        )
    )  # fmt: skip
    if len(axes) == 1:
        axes.append((1, 1, 1, 0))  # of rank 3 there is no width
    (height, rows, y_block, _), (width, columns, x_block, _) = axes
    steps = (
        [height * width * depth, width * depth * y_block, depth * x_block, 1],
        [rows * columns * depth, columns * depth, depth, 1],
    )
    if y_block * x_block > MOST_PARTS:
        raise ValueError("the engine refuses so many parts")
    for place in itertools.product(range(y_block), range(x_block)):
        met = [_positions(*axis, at) for axis, at in zip(axes, place, strict=True)]
        if all(met):
            yield _box([fine.shape[0], *met, depth], *(steps if apart else steps[::-1]))


def _positions(fine: int, coarse: int, block: int, before: int, place: int) -> int:
    """How many positions of a part the fine image has: at * block + place - before is in it."""
    origin = place - before
    first = max(-(origin // block), 0)
    return max(min(-(-(fine - origin) // block), coarse) - first, 0)


COPIES: dict[str, Callable[[Operator, Sequence[Tensor], Sequence[Tensor]], Boxes]] = {
    "BATCH_TO_SPACE_ND": _batch_blocks,
    "BROADCAST_TO": _repeated,
    "CONCATENATION": _joined,
    "DEPTH_TO_SPACE": _depth_blocks,
    "EXPAND_DIMS": _whole,
    "FILL": _filled,
    "MIRROR_PAD": _mirrored,
    "PACK": _packed,
    "PAD": _padded,
    "PADV2": _padded,
    "RESHAPE": _whole,
    "REVERSE_V2": _reversed,
    "SLICE": _slices,
    "SPACE_TO_BATCH_ND": _batch_blocks,
    "SPACE_TO_DEPTH": _depth_blocks,
    "SPLIT": _slices,
    "SPLIT_V": _slices,
    "SQUEEZE": _whole,
    "STRIDED_SLICE": _strided,
    "TRANSPOSE": _transposed,
    "UNPACK": _packed,
    "ZEROS_LIKE": _filled,
}
