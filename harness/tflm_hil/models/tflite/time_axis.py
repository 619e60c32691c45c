"""How many steps of time one inference of a model takes, as far as its graph shows it.

    steps_of(model)        # Steps(28, StepBasis.FUSED); Steps(None) of a picture

A step is a turn of a recurrence: of a fused operator, of a loop, of a chain through the slices of
an input, or of a state that is kept from inference to inference. A model without any has no steps,
whatever the axes of its inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph
from tflm_hil.models.tflite.states import state_pairs
from tflm_hil.models.tflite.trip_count import loop_counts
from tflm_hil.models.tflite.variables import keeps_state
from tflm_hil.vocabulary import StepBasis

FUSED = ("UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN",
         "BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN")  # fmt: skip
JOINING = ("PACK", "CONCATENATION")


@dataclass(frozen=True)
class Steps:
    """Steps of time of one inference; None where there are none, or none are known."""

    count: int | None
    basis: StepBasis | None = None


def steps_of(content: bytes, model: Inspection) -> Steps:
    """The longest recurrence within the model; of a model that keeps a state at least one step."""
    fused = max(_fused(model), default=0)
    if fused > 0:
        return Steps(fused, StepBasis.FUSED)
    loops = max(loop_counts(content, model), default=0)
    if loops > 0:
        return Steps(loops, StepBasis.LOOP)
    unrolled = max(_unrolled(model), default=0)
    if unrolled > 0:
        return Steps(unrolled, StepBasis.UNROLLED)
    if state_pairs(model) or keeps_state(model):
        return Steps(1, StepBasis.STATE)
    return Steps(None)


def _fused(model: Inspection) -> Iterator[int]:
    for graph in model.subgraphs:
        for op in graph.operators:
            if op.name in FUSED and op.inputs and op.inputs[0] >= 0:
                shape = graph.tensors[op.inputs[0]].shape
                if len(shape) == 3:
                    yield shape[0 if op.options.get("timeMajor") else 1]


def _unrolled(model: Inspection) -> Iterator[int]:
    """The slices of each UNPACK of what comes from an input, if a chain runs through them."""
    main = model.subgraphs[0]
    fed = _dependent(main, main.inputs)
    for op in main.operators:
        sliced = op.name == "UNPACK" and len(op.outputs) > 1 and op.inputs[0] in fed
        if sliced and _chained(main, op):
            yield len(op.outputs)


def _dependent(graph: Subgraph, start: tuple[int, ...]) -> set[int]:
    reached = set(start)
    for op in graph.operators:
        if reached & set(op.inputs):
            reached |= set(op.outputs)
    return reached


def _chained(graph: Subgraph, unpack: Operator) -> bool:
    """Whether one slice after the other enters: something depends on the first two and no more,
    something on the first three, and so on; or so from the end.
    """
    count = len(unpack.outputs)
    depends = {index: 1 << place for place, index in enumerate(unpack.outputs)}
    computed: set[int] = set()
    for op in graph.operators:
        if op.index == unpack.index:
            continue
        slices = 0
        for index in op.inputs:
            slices |= depends.get(index, 0)
        if not slices:
            continue
        for index in op.outputs:
            depends[index] = slices
        if op.name not in JOINING:
            computed.add(slices)
    whole = (1 << count) - 1
    first = all((1 << length) - 1 in computed for length in range(2, count + 1))
    last = all(whole - ((1 << count - length) - 1) in computed for length in range(2, count + 1))
    return first or last
