"""Input samples that lie beyond what a quantised input can hold, and why.

    for found in input_saturation(model, inputs):
        found.name, found.share, found.reason

Whatever lies beyond an end of the scale becomes that end before the model sees it. The reason
decides what helps: a range that calibration made too narrow, samples that are not scaled as in
training, or a scale that is not the input's own, which no calibration moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph
from tflm_hil.models.tflite.layout import free_inputs, layout_of
from tflm_hil.models.zoo.generated_samples import input_ranges
from tflm_hil.report.records import InputSaturation, SaturationReason

ROUNDING = 0.002  # of the range: half a step of int8
UNSCALED = 4.0  # times the range: such samples are in another unit

# Operators whose integer kernels have one scale for all that they join or pass on.
JOINING = frozenset({"CONCATENATION", "PACK", "MAXIMUM", "MINIMUM", "SELECT", "SELECT_V2"})
PASSING = frozenset(
    {"EXPAND_DIMS", "GATHER", "MAX_POOL_2D", "PAD", "PADV2", "RESHAPE", "REVERSE_V2", "SLICE",
     "SPLIT", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TRANSPOSE", "UNPACK"}
)  # fmt: skip


def input_saturation(model: Inspection, inputs: NDArray[Any]) -> tuple[InputSaturation, ...]:
    """Of the inputs of `[N, …]` packed samples those with a value beyond their range."""
    return tuple(_found(model, inputs))


def _found(model: Inspection, inputs: NDArray[Any]) -> Iterator[InputSaturation]:
    layout = layout_of(model)
    parts = layout.numbers(inputs)
    ranges = input_ranges(model)
    for number, tensor, part, ends in zip(
        free_inputs(model), layout.tensors, parts, ranges, strict=True
    ):
        if ends is None:
            continue
        low, high = ends
        margin = ROUNDING * (high - low)
        beyond = int(np.count_nonzero((part < low - margin) | (part > high + margin)))
        if not beyond:
            continue
        least, most = float(part.min()), float(part.max())
        tied = tied_to(model, number)
        yield InputSaturation(
            name=tensor.name,
            share=beyond / part.size,
            low=low,
            high=high,
            least=least,
            most=most,
            reason=_reason(low, high, least, most, tied=bool(tied)),
            tied_to=tied,
        )


def _reason(low: float, high: float, least: float, most: float, *, tied: bool) -> SaturationReason:
    if most - least > UNSCALED * (high - low):
        return SaturationReason.OTHER_UNIT
    return SaturationReason.TIED if tied else SaturationReason.CALIBRATION


def tied_to(model: Inspection, number: int) -> str:
    """The tensor whose scale an input has to share, by name; "" if its scale is its own.

    Followed through operators that pass values on; whatever is joined with the input then has the
    same scale, and the same bytes mean the same.
    """
    main = model.subgraphs[0]
    start = main.tensors[main.inputs[number]]
    if not start.scales:
        return ""
    group = {start.index}
    for op in main.operators:
        if op.name in PASSING and op.inputs and op.inputs[0] in group:
            group |= _on_its_scale(main, op.outputs, start.index)
        elif op.name in JOINING and group & set(op.inputs):
            others = [
                index
                for index in _joined(op)
                if index >= 0 and index not in group and main.tensors[index].scales
            ]
            same = [i for i in others if i in _on_its_scale(main, (i,), start.index)]
            if same:
                return main.tensors[same[0]].name
            group |= _on_its_scale(main, op.outputs, start.index)
    return ""


def _joined(op: Operator) -> tuple[int, ...]:
    """What is joined; the first input of a selection is its condition."""
    return op.inputs[1:] if op.name.startswith("SELECT") else op.inputs


def _on_its_scale(graph: Subgraph, indices: tuple[int, ...], like: int) -> set[int]:
    wanted = graph.tensors[like]
    return {
        index
        for index in indices
        if graph.tensors[index].scales == wanted.scales
        and graph.tensors[index].zero_points == wanted.zero_points
    }
