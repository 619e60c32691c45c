"""The tensor arena of the builtin engine, byte for byte: its loader and planner, repeated.

The same steps in the same order as `firmware/engine/builtin/loader.cc` and `planner.cc` on a 32-bit
target: tables for all subgraphs, what each operator keeps (`builtin_operators`), state, and the
region in which the planner lets tensors share memory. `tests/integration/board/test_arena.py` holds
the figures against those of the board.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tflm_hil.models.tflite.builtin_operators import OperatorBytes
from tflm_hil.models.tflite.inspect import Inspection, Operator, Tensor

# sizeof on a 32-bit target (graph.h).
SUBGRAPH_BYTES = 48
TENSOR_BYTES = 24
OPERATOR_BYTES = 8
# arena.h, planner.h, engine.h.
ARENA_ALIGNMENT = 16
PLAN_ALIGNMENT = 8
MOST_DIMENSIONS = 6
NEVER = 0xFFFF

ElementBytes = {
    "float32": 4, "int32": 4, "uint8": 1, "int64": 8, "bool": 1, "int16": 2, "int8": 1,
    "resource": 4,
}  # fmt: skip
"""The engine's element types. A tensor of another is refused where an operator uses it."""


class NotKnown(Exception):
    """The engine refuses the model before it counts: an operator is missing, a loop goes round."""


@dataclass(frozen=True)
class BuiltinArena:
    """Bytes. `engine` is what the engine keeps for itself, `states` never share memory,
    `activations` share it over time; the three together are `total`.
    """

    engine: int
    states: int
    activations: int

    @property
    def total(self) -> int:
        """What the board says after LOAD."""
        return self.engine + self.states + self.activations


@dataclass
class _Slot:
    """A tensor's size and the points of the time line between which its memory is in use."""

    bytes: int = 0
    first: int = NEVER
    last: int = 0
    written: bool = False
    variable: bool = False

    @property
    def planned(self) -> int:
        return _up(self.bytes, PLAN_ALIGNMENT)


@dataclass
class _Graph:
    slots: list[_Slot]
    begin: int = 0
    end: int = 0
    walked: bool = False
    running: bool = False
    shared: bool = False


def builtin_arena(model: Inspection) -> BuiltinArena:
    """What the engine gives out; raises `NotKnown`."""
    line = _TimeLine(model)
    used = len(model.subgraphs) * SUBGRAPH_BYTES
    for graph in model.subgraphs:
        used += len(graph.tensors) * TENSOR_BYTES + len(graph.operators) * OPERATOR_BYTES
    kept = OperatorBytes()
    for graph, timed in zip(model.subgraphs, line.graphs, strict=True):
        if not timed.walked:
            continue  # nothing runs it
        kept.begin(graph)
        for operator in graph.operators:
            used += _kept(kept, operator)
    used = begin = _up(used, PLAN_ALIGNMENT)
    sizes = [slot.bytes for graph in line.graphs for slot in graph.slots if slot.variable]
    for size in [*sizes, *kept.resource_bytes(lambda tensor: _slot(tensor).bytes)]:
        used = _up(used, PLAN_ALIGNMENT) + size
    engine_end = _up(used, ARENA_ALIGNMENT)
    return BuiltinArena(
        engine=begin + engine_end - used,
        states=used - begin,
        activations=_plan(line.planned()),
    )


def _kept(kept: OperatorBytes, operator: Operator) -> int:
    try:
        size = kept.of(operator)
    except (LookupError, ValueError, ArithmeticError) as error:
        # inputs that are missing or do not fit together: refused by the operator's Prepare
        raise NotKnown from error
    if size is None:
        raise NotKnown
    return size


@dataclass
class _TimeLine:
    """Operators one after the other, the subgraphs of a control operator inside of it."""

    model: Inspection
    time: int = 0
    graphs: list[_Graph] = field(init=False)

    def __post_init__(self) -> None:
        self.graphs = [
            _Graph([_slot(tensor) for tensor in graph.tensors]) for graph in self.model.subgraphs
        ]
        if not self.graphs:
            raise NotKnown
        self._walk(0)
        # The caller's inputs stay as they are, so that the same Invoke can be repeated.
        for index in self.model.subgraphs[0].inputs:
            self.graphs[0].slots[index].last = self.graphs[0].end

    def planned(self) -> Iterator[_Slot]:
        """What the planner places, in its order."""
        return (slot for graph in self.graphs for slot in graph.slots if slot.written)

    def _walk(self, index: int) -> None:
        if not 0 <= index < len(self.graphs) or self.graphs[index].running:
            raise NotKnown
        timed = self.graphs[index]
        if timed.walked:
            self._share(index)
            return
        graph = self.model.subgraphs[index]
        timed.running = True
        timed.begin = self._tick()
        for tensor in graph.inputs:
            _write(timed.slots[tensor], timed.begin)
        for operator in graph.operators:
            self._walk_operator(timed, operator)
        timed.end = self._tick()
        for tensor in graph.outputs:
            timed.slots[tensor].last = timed.end
        timed.running, timed.walked = False, True

    def _walk_operator(self, timed: _Graph, operator: Operator) -> None:
        now = self._tick()
        for tensor in operator.inputs:
            if tensor >= 0:
                timed.slots[tensor].last = max(timed.slots[tensor].last, now)
        for tensor in operator.outputs:
            if tensor < 0:
                raise NotKnown
            _write(timed.slots[tensor], now)
        children = list(_children(operator))
        for child in children:
            self._walk(child)
        if operator.name == "IF":  # either branch takes them, and the second one comes later
            for tensor in operator.inputs:
                if tensor >= 0:
                    timed.slots[tensor].last = self.time
        if children:
            for tensor in operator.outputs:
                timed.slots[tensor].last = self.time
            self._tick()

    def _share(self, index: int) -> None:
        """A subgraph that runs at more than one point keeps its memory to itself."""
        timed = self.graphs[index]
        if timed.shared:
            return
        timed.shared = True
        for slot in timed.slots:
            slot.first, slot.last = 0, NEVER
        for operator in self.model.subgraphs[index].operators:
            for child in _children(operator):
                self._share(child)

    def _tick(self) -> int:
        self.time += 1
        return self.time - 1


def _children(operator: Operator) -> Iterator[int]:
    """The subgraphs that an operator runs."""
    names = {
        "WHILE": ("condSubgraphIndex", "bodySubgraphIndex"),
        "CALL_ONCE": ("initSubgraphIndex",),
        "IF": ("thenSubgraphIndex", "elseSubgraphIndex"),
    }
    for name in names.get(operator.name, ()):
        yield int(operator.options.get(name, 0))


def _slot(tensor: Tensor) -> _Slot:
    width = ElementBytes.get(tensor.type, 0)
    shape = tensor.shape
    if not width or len(shape) > MOST_DIMENSIONS or any(size <= 0 for size in shape):
        return _Slot()
    return _Slot(math.prod(shape) * width, variable=tensor.variable)


def _write(slot: _Slot, time: int) -> None:
    if not slot.bytes or slot.variable or slot.written:
        raise NotKnown  # refused by the loader
    slot.written = True
    slot.first = slot.last = time


def _plan(slots: Iterable[_Slot]) -> int:
    """The size of the region: the largest tensor first, each at the lowest free offset."""
    placed: list[tuple[int, int, int, int]] = []  # offset, end, first, last
    region = 0
    for slot in sorted(slots, key=lambda slot: -slot.bytes):
        offset, size = 0, slot.planned
        for start, end, first, last in placed:
            if start >= offset + size:
                break
            if end > offset and slot.first <= last and first <= slot.last:
                offset = end
        bisect.insort(placed, (offset, offset + size, slot.first, slot.last))
        region = max(region, offset + size)
    return region


def _up(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment
