"""How many steps of time one inference of a model takes, as far as its graph shows it.

    steps_of(model)        # Steps(28, StepBasis.FUSED); Steps(None) of a picture

A step is a turn of a recurrence: of a fused operator, of a loop, of a chain through the slices of
an input, or of a state that is kept from inference to inference. A model without any has no steps,
whatever the axes of its inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflm_hil.models.tflite.inspect import Inspection, Subgraph
from tflm_hil.models.tflite.slices import Slices, slices_of
from tflm_hil.models.tflite.states import state_pairs
from tflm_hil.models.tflite.trip_count import loop_counts
from tflm_hil.models.tflite.variables import keeps_state
from tflm_hil.vocabulary import StepBasis

FUSED = ("UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN",
         "BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN")  # fmt: skip
JOINING = ("PACK", "CONCATENATION")
# What leaves an input the input, in another shape or on another scale.
SAME = frozenset({"CAST", "DEQUANTIZE", "EXPAND_DIMS", "QUANTIZE", "RESHAPE", "SQUEEZE"})


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
    """How many slices there are of each tensor that comes from an input, if a chain runs through
    them. Slices of the last axis are gates or features, unless it is the input itself.
    """
    main = model.subgraphs[0]
    fed = _dependent(main, main.inputs)
    given = _dependent(main, main.inputs, through=SAME)
    for slices in slices_of(main):
        last = slices.axis == len(main.tensors[slices.root].shape) - 1
        if slices.root in fed and (not last or slices.root in given) and _chained(main, slices):
            yield slices.count


def _dependent(
    graph: Subgraph, start: tuple[int, ...], through: frozenset[str] | None = None
) -> set[int]:
    """What comes from `start`, through any operator or those of these names."""
    reached = set(start)
    for op in graph.operators:
        if reached & set(op.inputs) and (through is None or op.name in through):
            reached |= set(op.outputs)
    return reached


def _chained(graph: Subgraph, slices: Slices) -> bool:
    """Whether one slice after the other enters: something depends on the first two and no more,
    something on the first three, and so on; or so from the end.
    """
    count = slices.count
    depends = {index: 1 << place for index, place in slices.places.items()}
    computed: set[int] = set()
    for op in graph.operators:
        if op.index in slices.operators:
            continue
        entered = 0
        for index in op.inputs:
            entered |= depends.get(index, 0)
        if not entered:
            continue
        for index in op.outputs:
            depends[index] = entered
        if op.name not in JOINING:
            computed.add(entered)
    whole = (1 << count) - 1
    first = all((1 << length) - 1 in computed for length in range(2, count + 1))
    last = all(whole - ((1 << count - length) - 1) in computed for length in range(2, count + 1))
    return first or last
