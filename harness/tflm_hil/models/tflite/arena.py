"""How much tensor arena a model needs, from the flatbuffer alone.

    arena = estimate(model)                  # with the builtin engine: exact
    arena = estimate(model, Engine.TFLM)     # unknown, but not below arena.at_least
    arena.fits(65_536)                       # True, False, or None where that is not known

For `builtin` the figure is the one that the board gives after LOAD: the engine's own arithmetic,
repeated here (`builtin_arena`), and tests hold the two together. What TensorFlow Lite Micro keeps
besides the tensors depends on the build that is linked, so for it only a bound is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tflm_hil.models.tflite.builtin_arena import BuiltinArena, ElementBytes, NotKnown, builtin_arena
from tflm_hil.models.tflite.inspect import Inspection, Subgraph, Tensor
from tflm_hil.vocabulary import Certainty, Engine

__all__ = ["ArenaEstimate", "BuiltinArena", "estimate"]

# Operators whose output may lie where their input does.
_IN_PLACE = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})


@dataclass(frozen=True)
class ArenaEstimate:
    """Bytes of tensor arena that `engine` needs for a model.

    `at_least` holds for any engine: the tensors that are alive together, and the state.
    `total` is the whole figure, `parts` what it is made of; both are None where `certainty` is
    `UNKNOWN`.
    """

    engine: Engine
    certainty: Certainty
    at_least: int
    parts: BuiltinArena | None = None

    @property
    def total(self) -> int | None:
        """The whole arena, or None if it is not known."""
        return None if self.parts is None else self.parts.total

    def fits(self, arena_bytes: int) -> bool | None:
        """Whether a model fits an arena of that size; None if that is not known before LOAD."""
        if self.total is not None:
            return self.total <= arena_bytes
        return False if self.at_least > arena_bytes else None


def estimate(model: Inspection, engine: Engine = Engine.BUILTIN) -> ArenaEstimate:
    """What `engine` needs for the model.

    `EXACT` for the builtin engine if it has all operators of the model; a model that it refuses for
    another reason (a type, a shape, scales) has no arena, and this figure then means nothing.
    """
    at_least = _at_least(model)
    if engine is Engine.BUILTIN:
        try:
            return ArenaEstimate(engine, Certainty.EXACT, at_least, builtin_arena(model))
        except NotKnown:
            pass
    return ArenaEstimate(engine, Certainty.UNKNOWN, at_least)


def _at_least(model: Inspection) -> int:
    states = sum(
        _bytes(tensor) for graph in model.subgraphs for tensor in graph.tensors if tensor.variable
    )
    return states + max((_most_alive(graph) for graph in model.subgraphs[:1]), default=0)


def _most_alive(graph: Subgraph) -> int:
    """The most bytes of planned tensors that some operator finds alive, each counted once."""
    first: dict[int, int] = dict.fromkeys(graph.inputs, 0)
    last: dict[int, int] = {}
    aliases: set[int] = set()
    for operator in graph.operators:
        last |= dict.fromkeys(operator.inputs, operator.index)
        for index in operator.outputs:
            first.setdefault(index, operator.index)
            last[index] = operator.index
        if operator.name in _IN_PLACE:
            aliases |= set(operator.outputs)
    last |= dict.fromkeys(graph.outputs, len(graph.operators))
    change = [0] * (len(graph.operators) + 2)
    for index, begin in first.items():
        tensor = graph.tensors[index]
        if index not in aliases and not tensor.variable:
            change[begin] += _bytes(tensor)
            change[last.get(index, begin) + 1] -= _bytes(tensor)
    alive = most = 0
    for step in change:
        alive += step
        most = max(most, alive)
    return most


def _bytes(tensor: Tensor) -> int:
    """Bytes of a tensor's elements; 0 for one whose size is not known."""
    if any(size < 0 for size in tensor.shape):
        return 0
    return math.prod(tensor.shape) * ElementBytes.get(tensor.type, 0)
