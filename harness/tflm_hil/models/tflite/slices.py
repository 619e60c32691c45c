"""How a graph takes tensors apart along an axis: an unrolled network, its sequence into steps.

UNPACK does it at once; SPLIT likewise; STRIDED_SLICE, SLICE and GATHER of a constant index take one
piece each, and may take it of what another has left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflm_hil.models.tflite.inspect import Operator, Subgraph, Tensor


@dataclass(frozen=True)
class Piece:
    """`width` elements along an axis of the tensor `root`, from `begin` on."""

    root: int
    axis: int
    begin: int
    width: int


@dataclass(frozen=True)
class Slices:
    """The pieces of a tensor along an axis, side by side and of one width: for each tensor that is
    one, its place in their order. `operators` cut them.
    """

    root: int
    axis: int
    places: dict[int, int]
    operators: frozenset[int]

    @property
    def count(self) -> int:
        """How many there are."""
        return max(self.places.values()) + 1


def slices_of(graph: Subgraph) -> Iterator[Slices]:
    """Every tensor that is taken apart into two pieces at least."""
    cut: dict[int, Piece] = {}
    by: dict[int, int] = {}
    for op in graph.operators:
        for index, piece in _pieces(graph, op):
            outer = cut.get(piece.root)
            # of a piece that has kept its axis
            if outer is not None and outer.axis == piece.axis and _keeps(graph, piece.root, outer):
                piece = Piece(outer.root, piece.axis, outer.begin + piece.begin, piece.width)
            cut[index], by[index] = piece, op.index
    for root, axis in dict.fromkeys((piece.root, piece.axis) for piece in cut.values()):
        own = {i: piece for i, piece in cut.items() if (piece.root, piece.axis) == (root, axis)}
        width = min(piece.width for piece in own.values())
        begins = sorted({piece.begin for piece in own.values() if piece.width == width})
        first = begins[0]
        if len(begins) < 2 or begins != list(range(first, first + width * len(begins), width)):
            continue
        places = {
            index: (piece.begin - first) // width
            for index, piece in own.items()
            if piece.width == width
        }
        yield Slices(root, axis, places, frozenset(by[index] for index in own))


def _pieces(graph: Subgraph, op: Operator) -> Iterator[tuple[int, Piece]]:
    """The output tensors of an operator that are pieces of an input."""
    tensors = [graph.tensors[index] if index >= 0 else None for index in op.inputs]
    if not tensors or not op.outputs or any(index < 0 for index in op.outputs):
        return
    match op.name:
        case "UNPACK":
            source = tensors[0]
            if source is not None and source.shape:
                axis = int(op.options.get("axis", 0)) % len(source.shape)
                yield from _side_by_side(source, axis, op.outputs, 1)
        case "SPLIT" | "SPLIT_V":
            source, at = tensors[0], tensors[-1]
            if op.name == "SPLIT":
                source, at = at, source
            if source is None or at is None or len(at.integers) != 1 or not source.shape:
                return
            axis = at.integers[0] % len(source.shape)
            width, rest = divmod(source.shape[axis], len(op.outputs))
            widths = {graph.tensors[index].shape[axis : axis + 1] for index in op.outputs}
            if width and not rest and widths == {(width,)}:
                yield from _side_by_side(source, axis, op.outputs, width)
        case "STRIDED_SLICE" | "SLICE":
            if len(tensors) >= 3 and tensors[0] is not None:
                bounds = _bounds(op, tensors[0], tensors[1:])
                if bounds is not None:
                    yield from _one(tensors[0], bounds, op.outputs[0])
        case "GATHER":
            source, index = (*tensors, None)[:2]
            if source is not None and source.shape and index and len(index.integers) == 1:
                axis = int(op.options.get("axis", 0)) % len(source.shape)
                begin = index.integers[0]
                yield op.outputs[0], Piece(source.index, axis, begin, 1)


def _side_by_side(
    source: Tensor, axis: int, outputs: tuple[int, ...], width: int
) -> Iterator[tuple[int, Piece]]:
    for place, index in enumerate(outputs):
        yield index, Piece(source.index, axis, place * width, width)


def _bounds(
    op: Operator, source: Tensor, constants: list[Tensor | None]
) -> list[tuple[int, int]] | None:
    """Where a slice begins and ends along every axis; None if that is not constant, or has gaps."""
    values = [tensor.integers if tensor is not None else () for tensor in constants]
    rank = len(source.shape)
    if any(len(item) != rank for item in values[:2]) or op.options.get("ellipsisMask"):
        return None
    found = []
    for axis, size in enumerate(source.shape):
        begin, end = values[0][axis], values[1][axis]
        if op.name == "SLICE":
            end = size if end == -1 else begin + end
        else:
            if op.options.get("newAxisMask") or values[-1][axis : axis + 1] != (1,):
                return None
            begin = 0 if int(op.options.get("beginMask", 0)) >> axis & 1 else begin
            end = size if int(op.options.get("endMask", 0)) >> axis & 1 else end
            begin, end = (value + size if value < 0 else value for value in (begin, end))
            if int(op.options.get("shrinkAxisMask", 0)) >> axis & 1:
                end = begin + 1
        found.append((begin, min(end, size)))
    return found


def _one(source: Tensor, bounds: list[tuple[int, int]], output: int) -> Iterator[tuple[int, Piece]]:
    """A slice that takes a part of one axis and all of the others."""
    parts = [
        (axis, begin, end)
        for axis, (begin, end) in enumerate(bounds)
        if (begin, end) != (0, source.shape[axis])
    ]
    if len(parts) == 1 and parts[0][2] > parts[0][1] >= 0:
        axis, begin, end = parts[0]
        yield output, Piece(source.index, axis, begin, end - begin)


def _keeps(graph: Subgraph, index: int, piece: Piece) -> bool:
    """Whether a piece has the axes that its root has."""
    return len(graph.tensors[index].shape) == len(graph.tensors[piece.root].shape)
