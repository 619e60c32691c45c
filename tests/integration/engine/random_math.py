"""Random reductions, functions of one element, quotients, masks and matrix products."""

from __future__ import annotations

import numpy as np

from tests.integration.engine.random_values import (
    Random,
    Units,
    broadcast_shapes,
    scale_of,
    shape_of,
    units,
    values,
)
from tests.integration.engine.tflite_builder import Graph


def reduction(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    axes = [int(a) for a in random.permutation(len(shape))[: int(random.integers(1, 4))]]
    keep = bool(random.integers(2))
    extreme_value = name.startswith("REDUCE")
    x_units = units(random, kind)
    # sums are larger than what they are made of
    y_units = dict(x_units) if extreme_value else units(random, kind, low=1e-2, high=1.0)
    x = graph.input(kind, shape, **x_units)
    kept = [1 if d in axes else n for d, n in enumerate(shape) if keep or d not in axes]
    y = graph.tensor(kind, kept, **y_units)
    given = [a - len(shape) if random.integers(2) else a for a in axes]
    graph.op(name, [x, graph.ints(*given)], [y], version=2, options="Reducer", keepDims=keep)
    return graph.finish([y])


def elementwise(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    shape = [2, 128]
    x_units = units(random, kind)
    y_units = units(random, kind)
    if name == "RSQRT" and kind == "INT8":
        x_units["zero_point"] = -128  # no number is negative
    x = graph.input(kind, shape, **x_units)
    y = graph.tensor(kind, shape, **y_units)
    if name == "RSQRT" and kind == "INT16":
        positive = graph.tensor(kind, shape, **x_units)
        graph.op("ABS", [x], [positive])
        x = positive
    if name in ("LOG", "SQRT", "RSQRT") and kind == "FLOAT32":
        positive = graph.tensor(kind, shape)
        graph.op("ABS", [x], [positive])
        x = positive
    if name == "LEAKY_RELU":
        alpha = float(random.uniform(-0.5, 1.5))
        graph.op(name, [x], [y], version=2, options="LeakyRelu", alpha=alpha)
    else:
        graph.op(name, [x], [y])
    return graph.finish([y])


def arg_extreme(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    axis = int(random.integers(len(shape)))
    x = graph.input(kind, shape, **units(random, kind))
    y = graph.tensor("INT32", [n for i, n in enumerate(shape) if i != axis])
    given = axis - len(shape) if random.integers(2) else axis
    table = "ArgMax" if name == "ARG_MAX" else "ArgMin"
    graph.op(name, [x, graph.ints(given)], [y], options=table, outputType=2)
    return graph.finish([y])


def dimensions(random: Random) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    x = graph.input("FLOAT32", shape)
    y = graph.tensor("INT32", [len(shape)])
    graph.op("SHAPE", [x], [y], options="Shape", outType=2)
    return graph.finish([y])


def division(random: Random, kind: str) -> bytes:
    """Never by zero: what divides is a constant. int8 quotients are in fine units: the wheel
    shifts by more bits than an integer has where a quotient is below half a unit."""
    graph = Graph()
    shape_a, shape_b, shape = broadcast_shapes(random)
    b_units = units(random, kind)
    low, high = (-127, 128) if kind == "INT8" else (-50, 50)
    data = random.integers(low, high, shape_b)
    if kind == "FLOAT32":
        data = values(random, kind, shape_b)
    data = np.where(data == b_units.get("zero_point", 0), 127, data)
    if b_units.get("zero_point") == 127:
        data = np.where(data == 127, -1, data)
    a_units = units(random, kind)
    a = graph.input(kind, shape_a, **a_units)
    b = graph.tensor(kind, shape_b, data=data, **b_units)
    y_units = units(random, kind)
    if kind == "INT8":
        ratio = a_units["scale"] / b_units["scale"]
        y_units["scale"] = float(np.float32(ratio / random.uniform(130, 5000)))
    y = graph.tensor(kind, shape, **y_units)
    activation = 0 if kind == "INT32" else int(random.choice([0, 0, 1, 3]))
    graph.op("DIV", [a, b], [y], version=2, options="Div", fusedActivationFunction=activation)
    return graph.finish([y])


def squared_difference(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape_a, shape_b, shape = broadcast_shapes(random)
    a = graph.input(kind, shape_a, **units(random, kind))
    b = graph.input(kind, shape_b, **units(random, kind))
    y_units = units(random, kind, low=1e-2, high=1.0)
    if kind == "INT16":
        y_units["scale"] = scale_of(random, 1.0, 1e3)
    y = graph.tensor(kind, shape, **y_units)
    graph.op("SQUARED_DIFFERENCE", [a, b], [y], version=2)
    return graph.finish([y])


def select(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape_a, shape_b, shape = broadcast_shapes(random)
    same = units(random, kind)
    left = graph.input("FLOAT32", shape_b)
    zero = graph.tensor("FLOAT32", [], data=np.array(0.0))
    condition = graph.tensor("BOOL", shape_b)
    graph.op("GREATER", [left, zero], [condition])
    a = graph.input(kind, shape_a, **same)
    b = graph.input(kind, [1], **same)
    y = graph.tensor(kind, shape, **same)
    graph.op("SELECT_V2", [condition, a, b], [y], options="SelectV2")
    return graph.finish([y])


def cast(random: Random, source: str, target: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    if source == "BOOL":
        left = graph.input("FLOAT32", shape)
        zero = graph.tensor("FLOAT32", [], data=np.array(0.0))
        x = graph.tensor("BOOL", shape)
        graph.op("GREATER", [left, zero], [x])
    else:
        x = graph.input(source, shape)
    y = graph.tensor(target, shape)
    graph.op("CAST", [x], [y], options="Cast")
    return graph.finish([y])


def batch_matmul(random: Random, kind: str) -> bytes:
    graph = Graph()
    batch = [int(n) for n in random.integers(1, 4, int(random.integers(0, 3)))]
    rows, depth, columns = (int(n) for n in random.integers(1, 9, 3))
    turned_a, turned_b = bool(random.integers(2)), bool(random.integers(2))
    shape_a = [*batch, depth, rows] if turned_a else [*batch, rows, depth]
    shape_b = [columns, depth] if turned_b else [depth, columns]
    if random.integers(2):
        shape_b = [*batch, *shape_b]
    a = graph.input(kind, shape_a, **units(random, kind, low=1e-3, high=0.05))
    b = graph.input(kind, shape_b, **units(random, kind, low=1e-3, high=0.05))
    y_units = units(random, kind)
    if kind == "INT16":
        y_units["scale"] = scale_of(random, 1e-2, 1.0)
    y = graph.tensor(kind, [*batch, rows, columns], **y_units)
    graph.op(
        "BATCH_MATMUL", [a, b], [y], version=3, options="BatchMatMul", adjX=turned_a, adjY=turned_b
    )
    return graph.finish([y])


def rounded(random: Random, name: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    x = graph.input("FLOAT32", shape)
    if name == "ROUND":  # halves, too
        half = graph.tensor("FLOAT32", [], data=np.array(0.5))
        whole, x_whole = graph.tensor("FLOAT32", shape), graph.tensor("FLOAT32", shape)
        graph.op("FLOOR", [x], [x_whole])
        graph.op("MUL", [x_whole, half], [whole], options="Mul")
        x = whole
    y = graph.tensor("FLOAT32", shape)
    graph.op(name, [x], [y])
    return graph.finish([y])


def wave(random: Random, name: str) -> bytes:
    """SIN or COS of angles near zero and of large ones."""
    graph = Graph()
    x = graph.input("FLOAT32", [2, 64])
    size = graph.tensor("FLOAT32", [], data=np.array(10.0 ** random.uniform(-3, 12)))
    angle, y = graph.tensor("FLOAT32", [2, 64]), graph.tensor("FLOAT32", [2, 64])
    graph.op("MUL", [x, size], [angle], options="Mul")
    graph.op(name, [angle], [y])
    return graph.finish([y])


def hard_swish(random: Random, kind: str) -> bytes:
    graph = Graph()
    x = graph.input(kind, [2, 128], **units(random, kind, low=1e-3, high=0.3))
    y = graph.tensor(kind, [2, 128], **units(random, kind, low=0.01, high=0.3))
    graph.op("HARD_SWISH", [x], [y], options="HardSwish")
    return graph.finish([y])


def prelu(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    slopes = shape[int(random.integers(0, len(shape))) :]
    slopes = [n if random.integers(3) else 1 for n in slopes]
    slope_kind = "INT8" if kind == "INT16" else kind
    x = graph.input(kind, shape, **units(random, kind))
    alpha_units = units(random, slope_kind)
    if kind == "INT16":
        alpha_units["zero_point"] = 0
    data = values(random, slope_kind, slopes)
    alpha = graph.tensor(slope_kind, slopes, data=data, **alpha_units)
    y = graph.tensor(kind, shape, **units(random, kind))
    graph.op("PRELU", [x, alpha], [y])
    return graph.finish([y])


def add_n(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    same = units(random, kind)
    inputs = [graph.input(kind, shape, **same) for _ in range(int(random.integers(2, 6)))]
    y = graph.tensor(kind, shape, **units(random, kind, low=1e-2, high=1.0))
    graph.op("ADD_N", inputs, [y], options="AddN")
    return graph.finish([y])


def cumsum(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    axis = int(random.integers(-len(shape), len(shape)))
    x = graph.input(kind, shape, **units(random, kind))
    y = graph.tensor(kind, shape, **units(random, kind, low=1e-2, high=1.0))
    axis_tensor = graph.tensor("INT32", [], data=np.array(axis))
    graph.op(
        "CUMSUM",
        [x, axis_tensor],
        [y],
        options="Cumsum",
        exclusive=bool(random.integers(2)),
        reverse=bool(random.integers(2)),
    )
    return graph.finish([y])


def floor_division(random: Random, name: str) -> bytes:
    """Never by zero: what divides is a constant."""
    graph = Graph()
    shape_a, shape_b, shape = broadcast_shapes(random)
    a = graph.input("FLOAT32", shape_a)
    data = values(random, "FLOAT32", shape_b)
    b = graph.tensor("FLOAT32", shape_b, data=np.where(np.abs(data) < 0.01, 0.5, data))
    y = graph.tensor("FLOAT32", shape)
    options = "FloorDiv" if name == "FLOOR_DIV" else "FloorMod"
    graph.op(name, [a, b], [y], version=2, options=options)
    return graph.finish([y])


def l2_normalization(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    x = graph.input(kind, shape, **units(random, kind))
    y_units = Units(scale=1 / 128, zero_point=0) if kind == "INT8" else Units()
    y = graph.tensor(kind, shape, **y_units)
    graph.op("L2_NORMALIZATION", [x], [y], version=2, options="L2Norm")
    return graph.finish([y])


def log_softmax(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = [int(random.integers(1, 4)), int(random.integers(1, 40))]
    x = graph.input(kind, shape, **units(random, kind, low=1e-3, high=1.0))
    y_units = Units(scale=16.0 / 256, zero_point=127) if kind == "INT8" else Units()
    y = graph.tensor(kind, shape, **y_units)
    graph.op("LOG_SOFTMAX", [x], [y], options="LogSoftmax")
    return graph.finish([y])


def reduce_all(random: Random) -> bytes:
    graph = Graph()
    shape = shape_of(random, most=3)
    axes = [int(a) for a in random.permutation(len(shape))[: int(random.integers(1, 4))]]
    keep = bool(random.integers(2))
    left = graph.input("FLOAT32", shape)
    low = graph.tensor("FLOAT32", [], data=np.array(-3.0))
    x = graph.tensor("BOOL", shape)
    graph.op("GREATER", [left, low], [x])
    kept = [1 if d in axes else n for d, n in enumerate(shape) if keep or d not in axes]
    y = graph.tensor("BOOL", kept)
    graph.op("REDUCE_ALL", [x, graph.ints(*axes)], [y], options="Reducer", keepDims=keep)
    return graph.finish([y])


def branch(random: Random, kind: str) -> bytes:
    """IF: a sum or a product, as the sign of a number says that comes in."""
    graph = Graph()
    shape = shape_of(random)
    branches = []
    for name, options in (("ADD", "Add"), ("MUL", "Mul")):
        side = Graph(graph)
        a, b = side.input(kind, shape), side.input(kind, shape)
        result = side.tensor(kind, shape)
        side.op(name, [a, b], [result], options=options)
        side.subgraph.outputs = [result, a]
        branches.append(side.index)
    sign = graph.input("FLOAT32", [1])
    zero = graph.tensor("FLOAT32", [], data=np.array(0.0))
    condition = graph.tensor("BOOL", [1])
    graph.op("GREATER", [sign, zero], [condition])
    a, b = graph.input(kind, shape), graph.input(kind, shape)
    doubled = graph.tensor(kind, shape)
    graph.op("ADD", [b, b], [doubled], options="Add")
    outputs = [graph.tensor(kind, shape), graph.tensor(kind, shape)]
    graph.op(
        "IF",
        [condition, a, doubled],
        outputs,
        options="If",
        thenSubgraphIndex=branches[0],
        elseSubgraphIndex=branches[1],
    )
    y = graph.tensor(kind, shape)
    graph.op("ADD", outputs, [y], options="Add")
    return graph.finish([y])
