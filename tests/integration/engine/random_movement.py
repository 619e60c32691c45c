"""Random operators that only move elements."""

from __future__ import annotations

import numpy as np

from tests.integration.engine.random_values import Random, shape_of, units, values
from tests.integration.engine.tflite_builder import Graph


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
        begin = [int(random.integers(-n - 1, n + 2)) for n in shape]
        end = [int(random.integers(-n - 2, n + 2)) for n in shape]
        stride = [int(random.choice([1, 1, 1, 2, -1, -2])) for _ in shape]
        begin_mask, end_mask, shrink_mask = (int(random.integers(0, 1 << rank)) for _ in range(3))
        if random.integers(2):
            shrink_mask = 0
        keys: list[slice | int] = []
        for d in range(rank):
            if shrink_mask >> d & 1:
                stride[d] = 1
                begin[d] = int(random.integers(-shape[d], shape[d]))
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
    """Indices are a constant, or come in and are brought into range."""
    graph = Graph()
    shape = shape_of(random)
    axis = int(random.integers(0, len(shape)))
    batch = int(random.integers(0, axis + 1)) if random.integers(3) == 0 else 0
    same = units(random, kind)
    chosen = [*shape[:batch], *shape_of(random, int(random.integers(0, 3)), most=4)]
    x = graph.input(kind, shape, **same)
    if random.integers(2):
        data = random.integers(0, shape[axis], chosen)
        indices = graph.tensor("INT32", chosen, data=data)
    else:
        indices = in_range(graph, graph.input("INT32", chosen), chosen, shape[axis])
    whole = [*shape[:axis], *chosen[batch:], *shape[axis + 1 :]]
    y = graph.tensor(kind, whole, **same)
    given = axis - len(shape) if random.integers(2) else axis
    graph.op("GATHER", [x, indices], [y], version=2, options="Gather", axis=given, batchDims=batch)
    return graph.finish([y])


def in_range(graph: Graph, indices: int, shape: list[int], size: int) -> int:
    """The numbers of an int32 tensor brought between 0 and `size` - 1."""
    for name, limit in (("MAXIMUM", 0), ("MINIMUM", size - 1)):
        given, indices = indices, graph.tensor("INT32", shape)
        bound = graph.tensor("INT32", [], data=np.array(limit))
        graph.op(name, [given, bound], [indices], options="MaximumMinimum")
    return indices


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
