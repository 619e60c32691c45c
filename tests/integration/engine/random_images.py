"""Random convolutions and pooling."""

from __future__ import annotations

import numpy as np

from tests.integration.engine.random_values import Random, scale_of, units, values
from tests.integration.engine.tflite_builder import Graph


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
        bias_kind, bias_scales = kind, None
    else:
        many = channels > 1 and bool(random.integers(4))
        scales = [scale_of(random, 1e-3, 0.02) for _ in range(channels if many else 1)]
        weights = graph.tensor("INT8", shape, scale=scales, axis=3 if depthwise else 0,
                               data=random.integers(-127, 128, shape))  # fmt: skip
        wide = kind == "INT16" and (depthwise or bool(random.integers(2)))
        bias_kind = "INT64" if wide else "INT32"
        bias_scales = [float(np.float32(x_units["scale"] * s)) for s in scales]
        if kind == "INT16":
            y_units["scale"] = scale_of(random, 1e-3, 1e-1)
    connected = [x, weights]
    if random.integers(4):
        data = values(random, kind if kind == "FLOAT32" else "INT32", [channels]) * 20
        connected.append(graph.tensor(bias_kind, [channels], scale=bias_scales, data=data))
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


def transpose_convolution(random: Random, kind: str) -> bytes:
    """The shape that input 0 asks for is a constant or comes in; the wheel looks at neither."""
    graph = Graph()
    batch, inputs, channels = (int(n) for n in random.integers(1, [3, 8, 8]))
    same = bool(random.integers(2))
    sizes, taps, strides, outputs = [], [], [], []
    for _ in range(2):
        size, tap, stride = int(random.integers(1, 7)), *(int(n) for n in random.integers(1, 5, 2))
        sizes.append(size)
        taps.append(tap)
        strides.append(stride)
        # any of the outputs whose convolution has this many windows
        most = size * stride if same else (size - 1) * stride + tap + stride - 1
        outputs.append(most - int(random.integers(0, stride)))
    shape = [batch, *outputs, channels]
    shape_tensor = graph.ints(*shape) if random.integers(4) else graph.input("INT32", [4])
    x_units = units(random, kind, low=1e-3, high=0.05)
    x = graph.input(kind, [batch, *sizes, inputs], **x_units)
    weight_shape = [channels, *taps, inputs]
    y_units = units(random, kind, low=1e-3, high=0.1)
    if kind == "FLOAT32":
        weights = graph.tensor(kind, weight_shape, data=values(random, kind, weight_shape))
        bias_kind, bias_scales = kind, None
    else:
        many = channels > 1 and bool(random.integers(4))
        scales = [scale_of(random, 1e-3, 0.02) for _ in range(channels if many else 1)]
        weights = graph.tensor("INT8", weight_shape, scale=scales,
                               data=random.integers(-127, 128, weight_shape))  # fmt: skip
        bias_kind = "INT64" if kind == "INT16" else "INT32"
        bias_scales = [float(np.float32(x_units["scale"] * s)) for s in scales]
        if kind == "INT16":
            y_units["scale"] = scale_of(random, 1e-3, 1e-1)
    connected = [shape_tensor, weights, x]
    if kind == "INT16" or random.integers(4):  # the wheel's int16 crashes without a bias
        data = values(random, kind if kind == "FLOAT32" else "INT32", [channels]) * 20
        connected.append(graph.tensor(bias_kind, [channels], scale=bias_scales, data=data))
    y = graph.tensor(kind, shape, **y_units)
    graph.op(
        "TRANSPOSE_CONV",
        connected,
        [y],
        version=3,
        options="TransposeConv",
        padding=0 if same else 1,
        strideH=strides[0],
        strideW=strides[1],
        fusedActivationFunction=int(random.choice([0, 0, 1, 3])),
    )
    return graph.finish([y])
