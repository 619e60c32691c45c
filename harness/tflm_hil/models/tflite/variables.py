"""What a model keeps inside itself from inference to inference: variable tensors, resource
variables that it assigns, and memory that operators of TFLM's signal library have of their own.

    for item in variables(model):
        item.name, item.bytes, item.keeper

A resource variable that is only assigned by CALL_ONCE, or never, is a constant and no state.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tflm_hil.models.tflite.inspect import Inspection, Subgraph, Tensor
from tflm_hil.vocabulary import StateKeeper

HANDLE, READ, ASSIGN = "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"
ONCE = "CALL_ONCE"
# Operators with a state that is no tensor: what they register has a `reset`.
KEEPING = frozenset(
    f"CUSTOM {name}"
    for name in (
        "CIRCULAR_BUFFER", "SignalDelay", "SignalFilterBankSpectralSubtraction", "SignalFramer",
        "SignalOverlapAdd", "SignalStacker",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Variable:
    """A state inside the model; `bytes` of its elements. An operator's own memory is as large as
    its outputs, or larger: only the operator knows.
    """

    name: str
    bytes: int
    keeper: StateKeeper


def variables(model: Inspection) -> tuple[Variable, ...]:
    """All of them, variable tensors first."""
    return (*_tensors(model), *_resources(model), *_operators(model))


def keeps_state(model: Inspection) -> bool:
    """Whether an inference depends on those before it by what the model keeps itself."""
    return bool(variables(model))


def never_assigned(model: Inspection) -> tuple[Tensor, ...]:
    """Handles of the main graph that are read though nothing in the model ever assigns any
    variable: what is read then is whatever the runtime has there.
    """
    assigns = any(op.name == ASSIGN for graph in model.subgraphs for op in graph.operators)
    if assigns:
        return ()
    main = model.subgraphs[0]
    read = {op.inputs[0] for op in main.operators if op.name == READ and op.inputs}
    made = {index for op in main.operators if op.name == HANDLE for index in op.outputs}
    return tuple(main.tensors[index] for index in sorted(read & made))


def _tensors(model: Inspection) -> Iterator[Variable]:
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.variable:
                yield Variable(tensor.name, _bytes(tensor), StateKeeper.VARIABLE)


def _operators(model: Inspection) -> Iterator[Variable]:
    for graph in model.subgraphs:
        for op in graph.operators:
            if op.name in KEEPING:
                outputs = [graph.tensors[index] for index in op.outputs if index >= 0]
                name = outputs[0].name if outputs else op.name
                yield Variable(name, sum(map(_bytes, outputs)), StateKeeper.OPERATOR)


def _resources(model: Inspection) -> Iterator[Variable]:
    """A line for each ASSIGN_VARIABLE that runs with every inference, once for each handle."""
    once = {
        int(op.options.get("initSubgraphIndex", -1))
        for graph in model.subgraphs
        for op in graph.operators
        if op.name == ONCE
    }
    seen: set[tuple[int, int]] = set()
    for graph in model.subgraphs:
        if graph.index in once:
            continue
        for op in graph.operators:
            if op.name != ASSIGN or len(op.inputs) < 2 or min(op.inputs[:2]) < 0:
                continue
            handle, value = op.inputs[:2]
            if (graph.index, handle) not in seen:
                seen.add((graph.index, handle))
                yield Variable(
                    _name(graph, handle), _bytes(graph.tensors[value]), StateKeeper.RESOURCE
                )


def _name(graph: Subgraph, handle: int) -> str:
    return graph.tensors[handle].name


def _bytes(tensor: Tensor) -> int:
    try:
        width = np.dtype(tensor.type).itemsize
    except TypeError:
        width = 0
    return math.prod(max(length, 1) for length in tensor.shape) * width
