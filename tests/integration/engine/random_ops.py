"""Random one-operator models with odd scales, shapes and options. Runs in a worker process.

`CASES` maps a family's name to a function from a random generator to (model bytes, number of
inferences worth trying). Everything follows from the generator's seed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.integration.engine.random_blocks import (
    batch_blocks,
    broadcast_args,
    depth_blocks,
    dynamic_update_slice,
    embedding_lookup,
    fill,
    gather_nd,
    mirror_pad,
    resize,
    zeros_like,
)
from tests.integration.engine.random_images import convolution, pooling, transpose_convolution
from tests.integration.engine.random_math import (
    add_n,
    arg_extreme,
    batch_matmul,
    branch,
    cast,
    cumsum,
    dimensions,
    division,
    elementwise,
    floor_division,
    hard_swish,
    l2_normalization,
    log_softmax,
    prelu,
    reduce_all,
    reduction,
    rounded,
    select,
    squared_difference,
    wave,
)
from tests.integration.engine.random_movement import (
    broadcast_to,
    concatenation,
    gather,
    pack,
    pad,
    reshape,
    reverse,
    slice_,
    split,
    split_v,
    strided_slice,
    transpose,
    unpack,
)
from tests.integration.engine.random_values import (
    RANGES,
    Random,
    Units,
    broadcast_shapes,
    scale_of,
    shape_of,
    units,
    values,
    zero_of,
)
from tests.integration.engine.tflite_builder import Graph


def fully_connected(random: Random, kind: str) -> bytes:
    graph = Graph()
    batches, depth = int(random.integers(1, 4)), int(random.integers(1, 70))
    channels = int(random.integers(1, 21))
    activation = int(random.choice([0, 0, 1, 3]))
    x_units = units(random, kind, low=1e-3, high=0.05)
    x = graph.input(kind, [batches, depth], **x_units)
    if kind == "FLOAT32":
        weights = graph.tensor(
            kind, [channels, depth], data=values(random, kind, [channels, depth])
        )
        bias_kind, bias_scales = kind, None
        y_units = Units()
    else:
        per_channel = bool(random.integers(2))
        scales = [scale_of(random, 1e-3, 0.02) for _ in range(channels if per_channel else 1)]
        weights = graph.tensor(
            "INT8",
            [channels, depth],
            scale=scales,
            data=random.integers(-127, 128, [channels, depth]),
        )
        wide = kind == "INT16" and bool(random.integers(2))
        bias_kind = "INT64" if wide else "INT32"
        bias_scales = [float(np.float32(x_units["scale"] * s)) for s in scales]
        y_units = units(random, kind)
        if kind == "INT16":
            y_units["scale"] = scale_of(random, 1e-4, 1e-2)
    inputs = [x, weights, -1]
    if random.integers(4):
        data = values(random, kind if kind == "FLOAT32" else "INT32", [channels]) * 20
        inputs[2] = graph.tensor(bias_kind, [channels], scale=bias_scales, data=data)
    y = graph.tensor(kind, [batches, channels], **y_units)
    graph.op(
        "FULLY_CONNECTED",
        inputs,
        [y],
        version=4,
        options="FullyConnected",
        fusedActivationFunction=activation,
        quantizedBiasType=4 if kind == "INT16" else 0,
    )
    return graph.finish([y])


def full_range_fully_connected(random: Random) -> bytes:
    """Results over the whole of int16: the last bits of the factor show."""
    graph = Graph()
    x_scale, w_scale = scale_of(random), scale_of(random)
    batches, channels = 16, 64
    x = graph.input("INT16", [batches, 1], scale=x_scale)
    data = random.integers(-127, 128, [channels, 1])
    weights = graph.tensor("INT8", [channels, 1], scale=w_scale, data=data)
    product = float(np.float32(x_scale * w_scale))
    bias = graph.tensor("INT32", [channels], scale=product, data=np.zeros(channels))
    y_scale = float(np.float32(product * 127 * random.uniform(1.0, 1.5)))
    y = graph.tensor("INT16", [batches, channels], scale=y_scale)
    graph.op(
        "FULLY_CONNECTED",
        [x, weights, bias],
        [y],
        version=4,
        options="FullyConnected",
        quantizedBiasType=2,
    )
    return graph.finish([y])


def binary(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    shape_a, shape_b, shape = broadcast_shapes(random)
    a = graph.input(kind, shape_a, **units(random, kind))
    b = graph.input(kind, shape_b, **units(random, kind))
    y = graph.tensor(kind, shape, **units(random, kind, low=1e-2, high=1.0))
    options = {"ADD": "Add", "SUB": "Sub", "MUL": "Mul"}[name]
    activation = 0 if kind == "INT32" else int(random.choice([0, 0, 1, 2, 3]))
    graph.op(name, [a, b], [y], version=2, options=options, fusedActivationFunction=activation)
    return graph.finish([y])


def extreme(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    shape_a, shape_b, shape = broadcast_shapes(random)
    same = units(random, kind)
    a = graph.input(kind, shape_a, **same)
    b = graph.input(kind, shape_b, **same)
    y = graph.tensor(kind, shape, **same)
    graph.op(name, [a, b], [y], version=2, options="MaximumMinimum")
    return graph.finish([y])


def compare(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    shape_a, shape_b, shape = broadcast_shapes(random)
    a = graph.input(kind, shape_a, **units(random, kind))
    b = graph.input(kind, shape_b, **units(random, kind))
    y = graph.tensor("BOOL", shape)
    graph.op(name, [a, b], [y])
    return graph.finish([y])


def sigmoid(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    shape = [1, 256]
    fixed = {
        ("TANH", "INT8"): (1 / 128, 0),
        ("LOGISTIC", "INT8"): (1 / 256, -128),
        ("TANH", "INT16"): (1 / 32768, 0),
        ("LOGISTIC", "INT16"): (1 / 32768, 0),
    }
    x_units = units(random, kind, low=1e-3, high=0.3)
    if kind == "INT16":
        pots = [2.0**-n for n in (11, 12, 13)]
        x_units["scale"] = float(random.choice([scale_of(random, 1e-5, 1e-3), *pots]))
    y_units = Units()
    if kind in RANGES:
        scale, zero_point = fixed[name, kind]
        y_units = Units(scale=scale, zero_point=zero_point)
    x = graph.input(kind, shape, **x_units)
    y = graph.tensor(kind, shape, **y_units)
    graph.op(name, [x], [y], version=2)
    return graph.finish([y])


def relu(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    x_units = units(random, kind)
    y_units = dict(x_units) if name == "RELU6" else units(random, kind)
    x = graph.input(kind, shape, **x_units)
    y = graph.tensor(kind, shape, **y_units)
    graph.op(name, [x], [y], version=2)
    return graph.finish([y])


def softmax(random: Random, kind: str, target: str = "") -> bytes:
    graph = Graph()
    shape = [int(random.integers(1, 4)), int(random.integers(1, 40))]
    x = graph.input(kind, shape, **units(random, kind, low=1e-3, high=1.0))
    fixed = {"INT8": (1 / 256, -128), "INT16": (1 / 32768, 0), "INT8-INT16": (1 / 65536, -32768)}
    way = f"{kind}-{target}" if target else kind
    y_units = Units()
    if way in fixed:
        scale, zero_point = fixed[way]
        y_units = Units(scale=scale, zero_point=zero_point)
    y = graph.tensor(target or kind, shape, **y_units)
    beta = float(random.choice([1.0, 1.0, 0.5, 2.0]))
    graph.op("SOFTMAX", [x], [y], version=3, options="Softmax", beta=beta)
    return graph.finish([y])


def quantize(random: Random, source: str, target: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    x_units, y_units = units(random, source), units(random, target)
    if source == "INT32":
        x_units = {"scale": scale_of(random, 0.1, 10.0)}
    if target == "INT32":
        y_units = {"scale": scale_of(random, 1e-6, 1e-3)}
    if source == "FLOAT32" and random.integers(2):
        y_units["scale"] = 0.25  # eighths are ties then
    x = graph.input(source, shape, **x_units)
    y = graph.tensor(target, shape, **y_units)
    name = "DEQUANTIZE" if target == "FLOAT32" else "QUANTIZE"
    graph.op(name, [x], [y], version=2, options=name.capitalize())
    return graph.finish([y])


def lstm(random: Random, kind: str) -> bytes:
    """A fused LSTM whose state stays from inference to inference."""
    graph = Graph()
    batch, steps = int(random.integers(1, 3)), int(random.integers(1, 6))
    features, size = int(random.integers(1, 12)), int(random.integers(1, 20))
    time_major = bool(random.integers(2))
    floats = kind == "FLOAT32"
    x_units = units(random, kind, low=5e-3, high=0.03)
    h_units = Units() if floats else Units(scale=1 / 128, zero_point=0)
    if kind == "INT8":
        h_units = Units(scale=scale_of(random, 4e-3, 8e-3), zero_point=zero_of(random, kind) // 16)
    if kind == "INT16":
        x_units["scale"], h_units["scale"] = scale_of(random, 2e-5, 1e-4), 1 / 32768
    shape = [steps, batch] if time_major else [batch, steps]
    x = graph.input(kind, [*shape, features], **x_units)
    weight_kind = "FLOAT32" if floats else "INT8"
    bias_kind = {"FLOAT32": "FLOAT32", "INT8": "INT32", "INT16": "INT64"}[kind]

    def weights(columns: int) -> int:
        data = random.normal(0, 0.4, [size, columns])
        if floats:
            return graph.tensor(weight_kind, [size, columns], data=data)
        scale = float(np.float32(np.abs(data).max() / 127))
        return graph.tensor(weight_kind, [size, columns], scale=scale, data=np.round(data / scale))

    inputs = [x, *(weights(features) for _ in range(4)), *(weights(size) for _ in range(4))]
    inputs += [-1] * 3
    for gate in range(4):
        data = random.normal(0, 0.3, [size])
        if not floats:
            scale = (
                x_units["scale"] * graph.subgraph.tensors[inputs[1 + gate]].quantization.scale[0]
            )
            inputs.append(
                graph.tensor(
                    bias_kind, [size], scale=float(np.float32(scale)), data=np.round(data / scale)
                )
            )
        else:
            inputs.append(graph.tensor(bias_kind, [size], data=data))
    inputs += [-1] * 2
    inputs.append(graph.tensor(kind, [batch, size], variable=True, **h_units))
    c_units = Units()
    if not floats:
        c_units = Units(scale=2.0 ** -int(random.integers(9, 14)), zero_point=0)
    c_kind = "FLOAT32" if floats else "INT16"
    inputs.append(graph.tensor(c_kind, [batch, size], variable=True, **c_units))
    inputs += [-1] * 4
    y = graph.tensor(kind, [*shape, size], **h_units)
    graph.op(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        inputs,
        [y],
        version=1,
        options="UnidirectionalSequenceLSTM",
        fusedActivationFunction=4,
        cellClip=float(random.choice([0.0, 0.5, 10.0])),
        timeMajor=time_major,
    )
    return graph.finish([y])


def resource_variable(random: Random, kind: str) -> bytes:
    """A sum that stays from inference to inference and does not start at zero."""
    graph = Graph()
    shape = shape_of(random)
    first = Graph(graph)
    names: dict[str, Any] = {"container": b"", "sharedName": b"total"}
    handle = first.tensor("RESOURCE", [])
    first.op("VAR_HANDLE", [], [handle], options="VarHandle", **names)
    start = first.tensor(kind, shape, data=values(random, kind, shape))
    first.op("ASSIGN_VARIABLE", [handle, start], [], options="AssignVariable")

    x = graph.input(kind, shape)
    graph.op("CALL_ONCE", [], [], options="CallOnce", initSubgraphIndex=first.index)
    handle, before, after = (
        graph.tensor(k, s) for k, s in (("RESOURCE", []), *[(kind, shape)] * 2)
    )
    graph.op("VAR_HANDLE", [], [handle], options="VarHandle", **names)
    graph.op("READ_VARIABLE", [handle], [before], options="ReadVariable")
    graph.op("ADD", [before, x], [after], options="Add")
    graph.op("ASSIGN_VARIABLE", [handle, after], [], options="AssignVariable")
    return graph.finish([after])


def loop(random: Random, kind: str) -> bytes:
    """A WHILE that adds its input to a sum, as often as a constant says."""
    graph = Graph()
    shape = shape_of(random)
    condition, body = Graph(graph), Graph(graph)
    scalar: list[int] = []

    counter, _, _ = (condition.input(k, s) for k, s in (("INT32", scalar), *[(kind, shape)] * 2))
    limit = condition.tensor("INT32", scalar, data=np.array(random.integers(0, 6)))
    go_on = condition.tensor("BOOL", scalar)
    condition.op("LESS", [counter, limit], [go_on])
    condition.subgraph.outputs = [go_on]

    counter, total, step = (body.input(k, s) for k, s in (("INT32", scalar), *[(kind, shape)] * 2))
    one = body.tensor("INT32", scalar, data=np.array(1))
    next_counter, next_total = body.tensor("INT32", scalar), body.tensor(kind, shape)
    body.op("ADD", [counter, one], [next_counter], options="Add")
    body.op("ADD", [total, step], [next_total], options="Add")
    body.subgraph.outputs = [next_counter, next_total, step]

    x = graph.input(kind, shape)
    zero = graph.tensor("INT32", scalar, data=np.array(0))
    start = graph.tensor(kind, shape, data=values(random, kind, shape))
    done = [graph.tensor(k, s) for k, s in (("INT32", scalar), *[(kind, shape)] * 2)]
    graph.op(
        "WHILE",
        [zero, start, x],
        done,
        options="While",
        condSubgraphIndex=condition.index,
        bodySubgraphIndex=body.index,
    )
    return graph.finish(done)


def svdf(random: Random, kind: str) -> bytes:
    """`kind` is the type of state and weights over time: FLOAT32, or INT8 or INT16 with int8."""
    graph = Graph()
    rank, units_, memory = (int(n) for n in random.integers(1, 6, 3))
    batches, width = int(random.integers(1, 3)), int(random.integers(1, 20))
    filters = rank * units_
    plain = kind == "FLOAT32"
    outer = kind if plain else "INT8"
    x_units = units(random, outer, low=1e-2, high=0.1)
    w_scale, t_scale = scale_of(random, 1e-3, 1e-2), scale_of(random, 1e-3, 1e-2)
    s_scale = scale_of(random, 1e-4, 1e-2) if kind == "INT16" else scale_of(random, 1e-2, 1e-1)
    x = graph.input(outer, [batches, width], **x_units)
    shape_w, shape_t = [filters, width], [filters, memory]
    if plain:
        weights = graph.tensor(kind, shape_w, data=values(random, kind, shape_w))
        times = graph.tensor(kind, shape_t, data=values(random, kind, shape_t))
        bias = graph.tensor(kind, [units_], data=values(random, kind, [units_]))
    else:
        weights = graph.tensor("INT8", shape_w, scale=w_scale, data=values(random, "INT8", shape_w))
        times = graph.tensor(kind, shape_t, scale=t_scale, data=values(random, kind, shape_t))
        bias_scale = float(np.float32(np.float32(s_scale) * np.float32(t_scale)))
        data = random.integers(-2000, 2000, [units_])
        bias = graph.tensor("INT32", [units_], scale=bias_scale, data=data)
    s_units = Units() if plain else Units(scale=s_scale)
    if kind == "INT8":
        s_units["zero_point"] = int(random.integers(-5, 6))
    state = graph.tensor(kind, [batches, filters * memory], variable=True, **s_units)
    y = graph.tensor(outer, [batches, units_], **units(random, outer))
    activation = int(random.choice([0, 1, 3]))
    graph.op("SVDF", [x, weights, times, bias, state], [y], version=3, options="SVDF",
             rank=rank, fusedActivationFunction=activation)  # fmt: skip
    return graph.finish([y])


CASES: dict[str, Callable[[Random], bytes]] = {
    "SHAPE": dimensions,
    "SOFTMAX-INT8-INT16": partial(softmax, kind="INT8", target="INT16"),
}
for _kind in ("INT32", "FLOAT32"):
    CASES[f"VARIABLE-{_kind}"] = partial(resource_variable, kind=_kind)
    CASES[f"WHILE-{_kind}"] = partial(loop, kind=_kind)
CASES["FULLY_CONNECTED-INT16-FULL"] = full_range_fully_connected
for _kind in ("INT8", "INT16", "FLOAT32"):
    CASES[f"SVDF-{_kind}"] = partial(svdf, kind=_kind)
    CASES[f"FULLY_CONNECTED-{_kind}"] = partial(fully_connected, kind=_kind)
    CASES[f"UNIDIRECTIONAL_SEQUENCE_LSTM-{_kind}"] = partial(lstm, kind=_kind)
    CASES[f"SOFTMAX-{_kind}"] = partial(softmax, kind=_kind)
    for _name in ("TANH", "LOGISTIC"):
        CASES[f"{_name}-{_kind}"] = partial(sigmoid, name=_name, kind=_kind)
    for _name in ("RELU", "RELU6"):
        CASES[f"{_name}-{_kind}"] = partial(relu, name=_name, kind=_kind)
for _kind in ("INT8", "INT16", "INT32", "FLOAT32"):
    for _name in ("ADD", "SUB", "MUL"):
        CASES[f"{_name}-{_kind}"] = partial(binary, name=_name, kind=_kind)
for _kind in ("INT8", "INT32", "FLOAT32"):
    for _name in ("MAXIMUM", "MINIMUM"):
        CASES[f"{_name}-{_kind}"] = partial(extreme, name=_name, kind=_kind)
for _kind in ("INT8", "INT32", "FLOAT32"):
    for _name in ("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL"):
        CASES[f"{_name}-{_kind}"] = partial(compare, name=_name, kind=_kind)
for _pair in ("FLOAT32-INT8", "FLOAT32-INT16", "INT8-INT8", "INT8-INT16", "INT16-INT8",
              "INT16-INT16", "INT8-FLOAT32", "INT16-FLOAT32", "UINT8-INT8", "INT8-UINT8",
              "UINT8-FLOAT32", "INT8-INT32", "INT16-INT32", "INT32-INT8",
              "INT32-INT16"):  # fmt: skip
    _source, _target = _pair.split("-")
    CASES[f"QUANTIZE-{_pair}"] = partial(quantize, source=_source, target=_target)
for _kind in ("INT8", "INT16", "INT32", "FLOAT32"):
    for _function in (reshape, transpose, reverse, strided_slice, slice_, split, split_v, unpack,
                      pack, concatenation, gather):  # fmt: skip
        _label = _function.__name__.rstrip("_").upper()
        CASES[f"{_label}-{_kind}"] = partial(_function, kind=_kind)
for _kind in ("INT8", "INT16", "FLOAT32"):
    for _name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        CASES[f"{_name}-{_kind}"] = partial(convolution, name=_name, kind=_kind)
    for _name in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        CASES[f"{_name}-{_kind}"] = partial(pooling, name=_name, kind=_kind)
    for _name in ("MEAN", "SUM"):
        CASES[f"{_name}-{_kind}"] = partial(reduction, name=_name, kind=_kind)
    for _name in ("ABS", "LEAKY_RELU"):
        CASES[f"{_name}-{_kind}"] = partial(elementwise, name=_name, kind=_kind)
    CASES[f"TRANSPOSE_CONV-{_kind}"] = partial(transpose_convolution, kind=_kind)
    CASES[f"SELECT_V2-{_kind}"] = partial(select, kind=_kind)
    CASES[f"BATCH_MATMUL-{_kind}"] = partial(batch_matmul, kind=_kind)
for _kind in ("INT8", "FLOAT32"):
    for _name in ("ARG_MAX", "ARG_MIN"):
        CASES[f"{_name}-{_kind}"] = partial(arg_extreme, name=_name, kind=_kind)
    for _name in ("REDUCE_MAX", "REDUCE_MIN"):
        CASES[f"{_name}-{_kind}"] = partial(reduction, name=_name, kind=_kind)
    for _name in ("ELU", "RSQRT"):
        CASES[f"{_name}-{_kind}"] = partial(elementwise, name=_name, kind=_kind)
for _name in ("EXP", "LOG", "NEG", "SQRT", "SQUARE"):
    CASES[f"{_name}-FLOAT32"] = partial(elementwise, name=_name, kind="FLOAT32")
for _kind in ("INT8", "INT32", "FLOAT32"):
    CASES[f"DIV-{_kind}"] = partial(division, kind=_kind)
for _kind in ("INT8", "INT16", "INT32", "FLOAT32"):
    CASES[f"SQUARED_DIFFERENCE-{_kind}"] = partial(squared_difference, kind=_kind)
    CASES[f"BROADCAST_TO-{_kind}"] = partial(broadcast_to, kind=_kind)
    for _name in ("PAD", "PADV2"):
        CASES[f"{_name}-{_kind}"] = partial(pad, name=_name, kind=_kind)
for _pair in ("BOOL-FLOAT32", "BOOL-INT8", "INT32-FLOAT32", "FLOAT32-INT32", "INT8-FLOAT32",
              "INT32-INT8", "INT16-INT32", "FLOAT32-FLOAT32"):  # fmt: skip
    _source, _target = _pair.split("-")
    CASES[f"CAST-{_pair}"] = partial(cast, source=_source, target=_target)
for _kind in ("INT8", "FLOAT32"):
    for _name in ("SPACE_TO_DEPTH", "DEPTH_TO_SPACE"):
        CASES[f"{_name}-{_kind}"] = partial(depth_blocks, name=_name, kind=_kind)
    for _name in ("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"):
        CASES[f"{_name}-{_kind}"] = partial(batch_blocks, name=_name, kind=_kind)
    for _function in (
        mirror_pad,
        gather_nd,
        hard_swish,
        add_n,
        cumsum,
        l2_normalization,
        log_softmax,
    ):
        CASES[f"{_function.__name__.upper()}-{_kind}"] = partial(_function, kind=_kind)
    CASES[f"RESIZE_BILINEAR-{_kind}"] = partial(resize, name="RESIZE_BILINEAR", kind=_kind)
for _kind in ("INT8", "INT16", "FLOAT32"):
    CASES[f"RESIZE_NEAREST_NEIGHBOR-{_kind}"] = partial(
        resize, name="RESIZE_NEAREST_NEIGHBOR", kind=_kind
    )
    CASES[f"PRELU-{_kind}"] = partial(prelu, kind=_kind)
for _kind in ("INT8", "INT32", "FLOAT32"):
    CASES[f"FILL-{_kind}"] = partial(fill, kind=_kind)
for _kind in ("INT8", "INT32", "INT64", "FLOAT32"):
    CASES[f"ZEROS_LIKE-{_kind}"] = partial(zeros_like, kind=_kind)
for _kind in ("INT8", "INT16", "INT32", "FLOAT32"):
    CASES[f"DYNAMIC_UPDATE_SLICE-{_kind}"] = partial(dynamic_update_slice, kind=_kind)
for _kind in ("INT32", "FLOAT32"):
    CASES[f"IF-{_kind}"] = partial(branch, kind=_kind)
for _kind in ("INT32", "INT64"):
    CASES[f"BROADCAST_ARGS-{_kind}"] = partial(broadcast_args, kind=_kind)
for _pair in ("FLOAT32-FLOAT32", "INT8-INT8", "INT8-FLOAT32"):
    _source, _target = _pair.split("-")
    CASES[f"EMBEDDING_LOOKUP-{_pair}"] = partial(embedding_lookup, kind=_source, target=_target)
for _name in ("CEIL", "FLOOR", "ROUND"):
    CASES[f"{_name}-FLOAT32"] = partial(rounded, name=_name)
for _name in ("SIN", "COS"):
    CASES[f"{_name}-FLOAT32"] = partial(wave, name=_name)
for _name in ("FLOOR_DIV", "FLOOR_MOD"):
    CASES[f"{_name}-FLOAT32"] = partial(floor_division, name=_name)
CASES["L2_POOL_2D-FLOAT32"] = partial(pooling, name="L2_POOL_2D", kind="FLOAT32")
CASES["REDUCE_ALL"] = reduce_all
for _name in ("MAXIMUM", "MINIMUM"):
    CASES[f"{_name}-INT64"] = partial(extreme, name=_name, kind="INT64")
for _name in ("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL"):
    CASES[f"{_name}-INT64"] = partial(compare, name=_name, kind="INT64")
for _name in ("EQUAL", "NOT_EQUAL"):
    CASES[f"{_name}-BOOL"] = partial(compare, name=_name, kind="BOOL")
CASES["RSQRT-INT16"] = partial(elementwise, name="RSQRT", kind="INT16")
