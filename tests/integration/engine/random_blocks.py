"""Random operators that take images apart, mirror, fill, resize and look up."""

from __future__ import annotations

import numpy as np

from tests.integration.engine.random_movement import in_range
from tests.integration.engine.random_values import Random, shape_of, units, values
from tests.integration.engine.tflite_builder import Graph


def depth_blocks(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    block = int(random.integers(1, 4))
    batch, height, width, depth = shape_of(random, 4, most=4)
    fine = [batch, height * block, width * block, depth]
    coarse = [batch, height, width, depth * block * block]
    shapes = [fine, coarse] if name == "SPACE_TO_DEPTH" else [coarse, fine]
    same = units(random, kind)
    x = graph.input(kind, shapes[0], **same)
    y = graph.tensor(kind, shapes[1], **same)
    options = "SpaceToDepth" if name == "SPACE_TO_DEPTH" else "DepthToSpace"
    graph.op(name, [x], [y], version=2, options=options, blockSize=block)
    return graph.finish([y])


def batch_blocks(random: Random, name: str, kind: str) -> bytes:
    """SPACE_TO_BATCH_ND pads floats only: int8 is padded by the wheel with what lies in memory."""
    graph = Graph()
    dims = int(random.integers(1, 3))
    blocks = [int(n) for n in random.integers(1, 4, dims)]
    coarse = [int(n) for n in random.integers(1, 4, dims)]
    whole = [c * b for c, b in zip(coarse, blocks, strict=True)]
    margins = []
    padded = name == "BATCH_TO_SPACE_ND" or kind == "FLOAT32"
    for size in whole:
        before = int(random.integers(0, min(size, 4))) if padded else 0
        margins.append([before, int(random.integers(0, min(size - before, 4))) if padded else 0])
    fine = [n - sum(m) for n, m in zip(whole, margins, strict=True)]
    batch, depth = int(random.integers(1, 4)), int(random.integers(1, 5))
    shapes = [[batch, *fine, depth], [batch * int(np.prod(blocks)), *coarse, depth]]
    same = units(random, kind)
    if name == "BATCH_TO_SPACE_ND":
        shapes.reverse()
    x = graph.input(kind, shapes[0], **same)
    y = graph.tensor(kind, shapes[1], **same)
    table = graph.tensor("INT32", [dims, 2], data=np.array(margins))
    options = "SpaceToBatchND" if name == "SPACE_TO_BATCH_ND" else "BatchToSpaceND"
    graph.op(name, [x, graph.ints(*blocks), table], [y], version=2, options=options)
    return graph.finish([y])


def mirror_pad(random: Random, kind: str) -> bytes:
    graph = Graph()
    mode = int(random.integers(2))
    shape = shape_of(random, most=5)
    margins = [[int(n) for n in random.integers(0, size + mode, 2)] for size in shape]
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    table = graph.tensor("INT32", [len(shape), 2], data=np.array(margins))
    padded = [n + sum(m) for n, m in zip(shape, margins, strict=True)]
    y = graph.tensor(kind, padded, **same)
    graph.op("MIRROR_PAD", [x, table], [y], version=2, options="MirrorPad", mode=mode)
    return graph.finish([y])


def fill(random: Random, kind: str) -> bytes:
    """The value comes in."""
    graph = Graph()
    shape = shape_of(random)
    same = units(random, kind)
    x = graph.input(kind, [], **same)
    y = graph.tensor(kind, shape, **same)
    graph.op("FILL", [graph.ints(*shape), x], [y], version=2, options="Fill")
    return graph.finish([y])


def zeros_like(random: Random, kind: str) -> bytes:
    graph = Graph()
    shape = shape_of(random)
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    y = graph.tensor(kind, shape, **same)
    graph.op("ZEROS_LIKE", [x], [y], options="ZerosLike")
    return graph.finish([y])


def gather_nd(random: Random, kind: str) -> bytes:
    """Constant tuples, or one index that comes in."""
    graph = Graph()
    shape = shape_of(random)
    tuple_size = int(random.integers(1, len(shape) + 1))
    outer = shape_of(random, int(random.integers(0, 3)), most=4)
    same = units(random, kind)
    x = graph.input(kind, shape, **same)
    if tuple_size == 1 and random.integers(2):
        wanted = graph.input("INT32", [*outer, 1])
        indices = in_range(graph, wanted, [*outer, 1], shape[0])
    else:
        data = np.stack([random.integers(0, n, outer) for n in shape[:tuple_size]], axis=-1)
        indices = graph.tensor("INT32", [*outer, tuple_size], data=data)
    y = graph.tensor(kind, [*outer, *shape[tuple_size:]], **same)
    graph.op("GATHER_ND", [x, indices], [y], version=2, options="GatherNd")
    return graph.finish([y])


def embedding_lookup(random: Random, kind: str, target: str) -> bytes:
    graph = Graph()
    count = int(random.integers(1, 6))
    shape = shape_of(random, int(random.integers(2, 4)))
    same = units(random, kind)
    if kind != target:
        same["zero_point"] = 0
    ids = in_range(graph, graph.input("INT32", [count]), [count], shape[0])
    table = graph.tensor(kind, shape, data=values(random, kind, shape), **same)
    y = graph.tensor(target, [count, *shape[1:]], **(same if kind == target else {}))
    graph.op("EMBEDDING_LOOKUP", [ids, table], [y], version=3)
    return graph.finish([y])


def dynamic_update_slice(random: Random, kind: str) -> bytes:
    """The place comes in and may be outside of the tensor: it is moved back."""
    graph = Graph()
    shape = shape_of(random)
    part = [int(random.integers(1, n + 1)) for n in shape]
    same = units(random, kind)
    operand = graph.input(kind, shape, **same)
    update = graph.input(kind, part, **same)
    place = graph.input("INT32", [len(shape)])
    y = graph.tensor(kind, shape, **same)
    graph.op("DYNAMIC_UPDATE_SLICE", [operand, update, place], [y], options="DynamicUpdateSlice")
    return graph.finish([y])


def broadcast_args(random: Random, kind: str) -> bytes:
    """The second shape comes in, and is 1 or what the first one is."""
    graph = Graph()
    rank, less = int(random.integers(1, 5)), int(random.integers(0, 3))
    ones = [1] * rank
    a = graph.input(kind, [rank])
    b = graph.tensor(kind, [max(rank - less, 1)], data=np.array(ones[less:] or [1]))
    y = graph.tensor(kind, [rank])
    graph.op("BROADCAST_ARGS", [a, b] if random.integers(2) else [b, a], [y])
    return graph.finish([y])


def resize(random: Random, name: str, kind: str) -> bytes:
    graph = Graph()
    batch, height, width, depth = shape_of(random, 4)
    size = [int(n) for n in random.integers(1, 13, 2)]
    bilinear = name == "RESIZE_BILINEAR"
    align, half = bool(random.integers(2)), bool(random.integers(2))
    half = half and not (bilinear and align)
    same = units(random, kind)
    x = graph.input(kind, [batch, height, width, depth], **same)
    y = graph.tensor(kind, [batch, *size, depth], **same)
    graph.op(
        name,
        [x, graph.ints(*size)],
        [y],
        version=3,
        options="ResizeBilinear" if bilinear else "ResizeNearestNeighbor",
        alignCorners=align,
        halfPixelCenters=half,
    )
    return graph.finish([y])
