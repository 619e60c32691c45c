"""Random one-operator models with odd scales, shapes and options. Runs in a worker process.

`CASES` maps a family's name to a function from a random generator to (model bytes, number of
inferences worth trying). Everything follows from the generator's seed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from tflite_builder import Graph

Random = np.random.Generator
RANGES = {"INT8": (-128, 127), "INT16": (-32768, 32767)}


def scale_of(random: Random, low: float = 1e-3, high: float = 0.3) -> float:
    """A scale as a converter would find it: any float, evenly in its logarithm."""
    return float(np.float32(np.exp(random.uniform(np.log(low), np.log(high)))))


def zero_of(random: Random, kind: str) -> int:
    return int(random.integers(-128, 128)) if kind == "INT8" else 0


def units(random: Random, kind: str, **limits: float) -> dict[str, float | int]:
    """Scale and zero point for a tensor of this type; none for floats and plain integers."""
    if kind not in RANGES:
        return {}
    return {"scale": scale_of(random, **limits), "zero_point": zero_of(random, kind)}


def shape_of(random: Random, rank: int | None = None, most: int = 6) -> list[int]:
    rank = int(random.integers(1, 5)) if rank is None else rank
    return [int(n) for n in random.integers(1, most + 1, rank)]


def values(random: Random, kind: str, shape: list[int]) -> np.ndarray:
    if kind == "FLOAT32":
        return random.normal(0, 1, shape).astype(np.float32)
    low, high = RANGES.get(kind, (-50, 50))
    return random.integers(low, high + 1, shape)


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
        bias_kind, bias_units = kind, {}
        y_units: dict[str, float | int] = {}
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
        bias_units = {"scale": [float(np.float32(x_units["scale"] * s)) for s in scales]}
        y_units = units(random, kind)
        if kind == "INT16":
            y_units["scale"] = scale_of(random, 1e-4, 1e-2)
    inputs = [x, weights, -1]
    if random.integers(4):
        data = values(random, kind if kind == "FLOAT32" else "INT32", [channels]) * 20
        inputs[2] = graph.tensor(bias_kind, [channels], data=data, **bias_units)
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


def broadcast_shapes(random: Random) -> tuple[list[int], list[int], list[int]]:
    """Two shapes and what they broadcast to."""
    whole = shape_of(random)
    sides = []
    for _ in range(2):
        side = [n if random.integers(3) else 1 for n in whole]
        sides.append(
            side[int(random.integers(0, len(side) + 1)) if random.integers(3) == 0 else 0 :]
        )
    if random.integers(2):
        sides = [whole, whole]
    return sides[0], sides[1], [int(n) for n in np.broadcast_shapes(*map(tuple, sides))]


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
    a, b = graph.input(kind, shape_a), graph.input(kind, shape_b)
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
    y_units: dict[str, float | int] = {}
    if kind in RANGES:
        y_units = dict(zip(("scale", "zero_point"), fixed[name, kind], strict=True))
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


def softmax(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = [int(random.integers(1, 4)), int(random.integers(1, 40))]
    x = graph.input(kind, shape, **units(random, kind, low=1e-3, high=1.0))
    fixed = {"INT8": (1 / 256, -128), "INT16": (1 / 32768, 0)}
    y_units = dict(zip(("scale", "zero_point"), fixed[kind], strict=True)) if kind in fixed else {}
    y = graph.tensor(kind, shape, **y_units)
    beta = float(random.choice([1.0, 1.0, 0.5, 2.0]))
    graph.op("SOFTMAX", [x], [y], version=3, options="Softmax", beta=beta)
    return graph.finish([y])


def quantize(random: Random, source: str, target: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    x = graph.input(source, shape, **units(random, source))
    y = graph.tensor(target, shape, **units(random, target))
    name = "DEQUANTIZE" if target == "FLOAT32" else "QUANTIZE"
    graph.op(name, [x], [y], version=2, options=name.capitalize())
    return graph.finish([y])


def reshape(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    target = [int(random.permutation(shape)[0])]
    target.append(int(np.prod(shape)) // target[0])
    y = graph.tensor(kind, target, **same)
    graph.op("RESHAPE", [x, graph.ints(*target)], [y])
    return graph.finish([y])


def transpose(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    order = [int(d) for d in random.permutation(len(shape))]
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    y = graph.tensor(kind, [shape[d] for d in order], **same)
    graph.op("TRANSPOSE", [x, graph.ints(*order)], [y], version=2, options="Transpose")
    return graph.finish([y])


def reverse(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    y = graph.tensor(kind, shape, **same)
    axis = int(random.integers(0, len(shape)))
    graph.op("REVERSE_V2", [x, graph.ints(axis)], [y], version=3, options="ReverseV2")
    return graph.finish([y])


def strided_slice(random: Random, kind: str) -> bytes:
    graph = Graph()
    same = units(random, kind)
    while True:
        shape = shape_of(random)
        rank = len(shape)
        begin = [int(random.integers(-n, n)) for n in shape]
        end = [int(random.integers(-n, n + 1)) for n in shape]
        stride = [int(random.choice([1, 1, 1, 2, -1, -2])) for _ in shape]
        begin_mask, end_mask, shrink_mask = (int(random.integers(0, 1 << rank)) for _ in range(3))
        if random.integers(2):
            shrink_mask = 0
        keys: list[slice | int] = []
        for d in range(rank):
            if shrink_mask >> d & 1:
                stride[d] = 1
                begin_mask &= ~(1 << d)
                end[d] = begin[d] + 1
                keys.append(begin[d])
            else:
                first = None if begin_mask >> d & 1 else begin[d]
                last = None if end_mask >> d & 1 else end[d]
                keys.append(slice(first, last, stride[d]))
        result = np.empty(shape)[tuple(keys)]
        if result.size and result.ndim:
            break
    x = graph.input(kind, shape, **same)
    y = graph.tensor(kind, list(result.shape), **same)
    graph.op(
        "STRIDED_SLICE",
        [x, graph.ints(*begin), graph.ints(*end), graph.ints(*stride)],
        [y],
        version=2,
        options="StridedSlice",
        beginMask=begin_mask,
        endMask=end_mask,
        shrinkAxisMask=shrink_mask,
    )
    return graph.finish([y])


def slice_(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    begin = [int(random.integers(0, n)) for n in shape]
    sizes = [int(random.integers(1, n - b + 1)) for n, b in zip(shape, begin, strict=True)]
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    y = graph.tensor(kind, sizes, **same)
    given = [-1 if b + s == n and random.integers(2) else s
             for n, b, s in zip(shape, begin, sizes, strict=True)]  # fmt: skip
    graph.op("SLICE", [x, graph.ints(*begin), graph.ints(*given)], [y], version=2, options="Slice")
    return graph.finish([y])


def split(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    axis = int(random.integers(0, len(shape)))
    parts = int(random.integers(1, 5))
    part = list(shape)
    shape[axis] *= parts
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    outputs = [graph.tensor(kind, part, **same) for _ in range(parts)]
    axis_tensor = graph.tensor("INT32", [], data=np.array(axis))
    graph.op("SPLIT", [axis_tensor, x], outputs, version=2, options="Split", numSplits=parts)
    return graph.finish(outputs)


def split_v(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    axis = int(random.integers(0, len(shape)))
    sizes = [int(n) for n in random.integers(1, 5, int(random.integers(1, 4)))]
    shape[axis] = sum(sizes)
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    outputs = [
        graph.tensor(kind, [*shape[:axis], size, *shape[axis + 1 :]], **same) for size in sizes
    ]
    axis_tensor = graph.tensor("INT32", [], data=np.array(axis))
    graph.op(
        "SPLIT_V",
        [x, graph.ints(*sizes), axis_tensor],
        outputs,
        version=2,
        options="SplitV",
        numSplits=len(sizes),
    )
    return graph.finish(outputs)


def unpack(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random, int(random.integers(2, 5)))
    axis = int(random.integers(0, len(shape)))
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    part = [n for d, n in enumerate(shape) if d != axis]
    outputs = [graph.tensor(kind, part, **same) for _ in range(shape[axis])]
    graph.op("UNPACK", [x], outputs, version=2, options="Unpack", num=shape[axis], axis=axis)
    return graph.finish(outputs)


def pack(random: Random, kind: str) -> bytes:
    graph = Graph()
    part = shape_of(random, int(random.integers(1, 4)))
    axis = int(random.integers(0, len(part) + 1))
    count = int(random.integers(1, 5))
    same = units(random, kind)
    inputs = [graph.input(kind, part, **same) for _ in range(count)]
    y = graph.tensor(kind, [*part[:axis], count, *part[axis:]], **same)
    graph.op("PACK", inputs, [y], version=2, options="Pack", valuesCount=count, axis=axis)
    return graph.finish([y])


def concatenation(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    axis = int(random.integers(0, len(shape)))
    same = units(random, kind)
    inputs, total = [], 0
    for _ in range(int(random.integers(1, 5))):
        part = list(shape)
        part[axis] = int(random.integers(1, 5))
        total += part[axis]
        inputs.append(graph.input(kind, part, **same))
    whole = list(shape)
    whole[axis] = total
    y = graph.tensor(kind, whole, **same)
    graph.op("CONCATENATION", inputs, [y], version=2, options="Concatenation", axis=axis)
    return graph.finish([y])


def gather(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    axis = int(random.integers(0, len(shape)))
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    chosen = [int(n) for n in random.integers(0, shape[axis], int(random.integers(1, 6)))]
    y = graph.tensor(kind, [*shape[:axis], len(chosen), *shape[axis + 1 :]], **same)
    graph.op("GATHER", [x, graph.ints(*chosen)], [y], version=2, options="Gather", axis=axis)
    return graph.finish([y])


def lstm(random: Random, kind: str) -> bytes:
    """A fused LSTM whose state stays from inference to inference."""
    graph = Graph()
    batch, steps = int(random.integers(1, 3)), int(random.integers(1, 6))
    features, size = int(random.integers(1, 12)), int(random.integers(1, 20))
    time_major = bool(random.integers(2))
    floats = kind == "FLOAT32"
    x_units = units(random, kind, low=5e-3, high=0.03)
    h_units = {} if floats else {"scale": 1 / 128, "zero_point": 0}
    if kind == "INT8":
        h_units = {"scale": scale_of(random, 4e-3, 8e-3), "zero_point": zero_of(random, kind) // 16}
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
    c_units = {} if floats else {"scale": 2.0 ** -int(random.integers(9, 14)), "zero_point": 0}
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
    names = {"options": "VarHandle", "container": b"", "sharedName": b"total"}
    handle = first.tensor("RESOURCE", [])
    first.op("VAR_HANDLE", [], [handle], **names)
    start = first.tensor(kind, shape, data=values(random, kind, shape))
    first.op("ASSIGN_VARIABLE", [handle, start], [], options="AssignVariable")

    x = graph.input(kind, shape)
    graph.op("CALL_ONCE", [], [], options="CallOnce", initSubgraphIndex=first.index)
    handle, before, after = (
        graph.tensor(k, s) for k, s in (("RESOURCE", []), *[(kind, shape)] * 2)
    )
    graph.op("VAR_HANDLE", [], [handle], **names)
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


def image_window(random: Random) -> dict[str, int]:
    """Options of a sliding window, and the sizes of its input and output along both axes."""
    while True:
        same = bool(random.integers(2))
        fields: dict[str, int] = {"padding": 0 if same else 1}
        for axis in ("H", "W"):
            size, taps = int(random.integers(1, 12)), int(random.integers(1, 6))
            stride, dilation = int(random.integers(1, 4)), int(random.choice([1, 1, 1, 2, 3]))
            reach = (taps - 1) * dilation + 1
            output = -(-size // stride) if same else (size - reach) // stride + 1
            fields |= {f"size{axis}": size, f"taps{axis}": taps, f"stride{axis}": stride,
                       f"dilation{axis}": dilation, f"output{axis}": output}  # fmt: skip
        if fields["outputH"] > 0 and fields["outputW"] > 0:
            return fields


def convolution(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    window = image_window(random)
    depthwise = name == "DEPTHWISE_CONV_2D"
    groups = int(random.choice([1, 1, 2])) if kind != "FLOAT32" else 1
    taps, multiplier = int(random.integers(1, 8)), int(random.integers(1, 4))
    inputs = taps if depthwise else taps * groups
    channels = taps * multiplier if depthwise else groups * int(random.integers(1, 8))
    batch = int(random.integers(1, 3))
    x_units = units(random, kind, low=1e-3, high=0.05)
    x = graph.input(kind, [batch, window["sizeH"], window["sizeW"], inputs], **x_units)
    shape = [window["tapsH"], window["tapsW"]]
    shape = [1, *shape, channels] if depthwise else [channels, *shape, taps]
    y_units = units(random, kind, low=1e-3, high=0.1)
    if kind == "FLOAT32":
        weights = graph.tensor(kind, shape, data=values(random, kind, shape))
        bias_kind, bias_units = kind, {}
    else:
        many = channels > 1 and bool(random.integers(4))
        scales = [scale_of(random, 1e-3, 0.02) for _ in range(channels if many else 1)]
        weights = graph.tensor("INT8", shape, scale=scales, axis=3 if depthwise else 0,
                               data=random.integers(-127, 128, shape))  # fmt: skip
        wide = kind == "INT16" and (depthwise or bool(random.integers(2)))
        bias_kind = "INT64" if wide else "INT32"
        bias_units = {"scale": [float(np.float32(x_units["scale"] * s)) for s in scales]}
        if kind == "INT16":
            y_units["scale"] = scale_of(random, 1e-3, 1e-1)
    connected = [x, weights]
    if random.integers(4):
        data = values(random, kind if kind == "FLOAT32" else "INT32", [channels]) * 20
        connected.append(graph.tensor(bias_kind, [channels], data=data, **bias_units))
    y = graph.tensor(kind, [batch, window["outputH"], window["outputW"], channels], **y_units)
    fields = {
        "padding": window["padding"], "strideH": window["strideH"], "strideW": window["strideW"],
        "dilationHFactor": window["dilationH"], "dilationWFactor": window["dilationW"],
        "fusedActivationFunction": int(random.choice([0, 0, 1, 3])),
    }  # fmt: skip
    if depthwise:
        options = "DepthwiseConv2D"
        fields["depthMultiplier"] = multiplier
    else:
        options = "Conv2D"
        fields["quantizedBiasType"] = 4 if kind == "INT16" else 0
    graph.op(name, connected, [y], version=3, options=options, **fields)
    return graph.finish([y])


def pooling(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    while True:
        window = image_window(random)
        if window["dilationH"] == window["dilationW"] == 1:
            break
    batch, channels = int(random.integers(1, 3)), int(random.integers(1, 6))
    same = units(random, kind)
    x = graph.input(kind, [batch, window["sizeH"], window["sizeW"], channels], **same)
    y = graph.tensor(kind, [batch, window["outputH"], window["outputW"], channels], **same)
    graph.op(
        name,
        [x],
        [y],
        version=2,
        options="Pool2D",
        padding=window["padding"],
        strideH=window["strideH"],
        strideW=window["strideW"],
        filterHeight=window["tapsH"],
        filterWidth=window["tapsW"],
        fusedActivationFunction=int(random.choice([0, 0, 1, 3])),
    )
    return graph.finish([y])


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


def broadcast_to(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    part = [n if random.integers(2) else 1 for n in shape]
    part = part[int(random.integers(0, len(part) + 1)) if random.integers(3) == 0 else 0 :]
    same = units(random, kind)
    x = graph.input(kind, part, **same)
    y = graph.tensor(kind, shape, **same)
    graph.op("BROADCAST_TO", [x, graph.ints(*shape)], [y], version=2)
    return graph.finish([y])


def pad(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random, most=4)
    margins = random.integers(0, 3, (len(shape), 2))
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    table = graph.tensor("INT32", [len(shape), 2], data=margins)
    inputs = [x, table]
    if name == "PADV2":
        inputs.append(graph.tensor(kind, [1], data=values(random, kind, [1]), **same))
    padded = [int(n) for n in np.array(shape) + margins.sum(axis=1)]
    y = graph.tensor(kind, padded, **same)
    graph.op(name, inputs, [y], version=2, options="Pad" if name == "PAD" else "PadV2")
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


CASES: dict[str, Callable[[Random], bytes]] = {}
for _kind in ("INT32", "FLOAT32"):
    CASES[f"VARIABLE-{_kind}"] = lambda r, k=_kind: resource_variable(r, k)
    CASES[f"WHILE-{_kind}"] = lambda r, k=_kind: loop(r, k)
CASES["FULLY_CONNECTED-INT16-FULL"] = full_range_fully_connected
for _kind in ("INT8", "INT16", "FLOAT32"):
    CASES[f"FULLY_CONNECTED-{_kind}"] = lambda r, k=_kind: fully_connected(r, k)
    CASES[f"UNIDIRECTIONAL_SEQUENCE_LSTM-{_kind}"] = lambda r, k=_kind: lstm(r, k)
    CASES[f"SOFTMAX-{_kind}"] = lambda r, k=_kind: softmax(r, k)
    for _name in ("TANH", "LOGISTIC"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: sigmoid(r, n, k)
    for _name in ("RELU", "RELU6"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: relu(r, n, k)
for _kind in ("INT8", "INT16", "INT32", "FLOAT32"):
    for _name in ("ADD", "SUB", "MUL"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: binary(r, n, k)
for _kind in ("INT8", "INT32", "FLOAT32"):
    for _name in ("MAXIMUM", "MINIMUM"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: extreme(r, n, k)
for _kind in ("INT32", "FLOAT32"):
    for _name in ("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: compare(r, n, k)
for _pair in ("FLOAT32-INT8", "FLOAT32-INT16", "INT8-INT8", "INT8-INT16", "INT16-INT8",
              "INT16-INT16", "INT8-FLOAT32", "INT16-FLOAT32"):  # fmt: skip
    CASES[f"QUANTIZE-{_pair}"] = lambda r, p=_pair: quantize(r, *p.split("-"))
for _kind in ("INT8", "INT16", "INT32", "FLOAT32"):
    for _function in (reshape, transpose, reverse, strided_slice, slice_, split, split_v, unpack,
                      pack, concatenation, gather):  # fmt: skip
        _label = _function.__name__.rstrip("_").upper()
        CASES[f"{_label}-{_kind}"] = lambda r, f=_function, k=_kind: f(r, k)
for _kind in ("INT8", "INT16", "FLOAT32"):
    for _name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: convolution(r, n, k)
    for _name in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: pooling(r, n, k)
    for _name in ("MEAN", "SUM"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: reduction(r, n, k)
    for _name in ("ABS", "LEAKY_RELU"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: elementwise(r, n, k)
    CASES[f"SELECT_V2-{_kind}"] = lambda r, k=_kind: select(r, k)
    CASES[f"BATCH_MATMUL-{_kind}"] = lambda r, k=_kind: batch_matmul(r, k)
for _kind in ("INT8", "FLOAT32"):
    for _name in ("REDUCE_MAX", "REDUCE_MIN"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: reduction(r, n, k)
    for _name in ("ELU", "RSQRT"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: elementwise(r, n, k)
for _name in ("EXP", "LOG", "NEG", "SQRT", "SQUARE"):
    CASES[f"{_name}-FLOAT32"] = lambda r, n=_name: elementwise(r, n, "FLOAT32")
for _kind in ("INT8", "INT32", "FLOAT32"):
    CASES[f"DIV-{_kind}"] = lambda r, k=_kind: division(r, k)
for _kind in ("INT8", "INT16", "INT32", "FLOAT32"):
    CASES[f"SQUARED_DIFFERENCE-{_kind}"] = lambda r, k=_kind: squared_difference(r, k)
    CASES[f"BROADCAST_TO-{_kind}"] = lambda r, k=_kind: broadcast_to(r, k)
    for _name in ("PAD", "PADV2"):
        CASES[f"{_name}-{_kind}"] = lambda r, n=_name, k=_kind: pad(r, n, k)
for _pair in ("BOOL-FLOAT32", "BOOL-INT8", "INT32-FLOAT32", "FLOAT32-INT32", "INT8-FLOAT32",
              "INT32-INT8", "INT16-INT32", "FLOAT32-FLOAT32"):  # fmt: skip
    CASES[f"CAST-{_pair}"] = lambda r, p=_pair: cast(r, *p.split("-"))
