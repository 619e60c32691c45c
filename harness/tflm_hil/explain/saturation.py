"""When quantisation is to blame: which tensors of an integer model are at an end of their range.

Computed in desktop TFLM on the sequence that differs most, with every tensor kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tflm_hil.errors import ReferenceFailed
from tflm_hil.measure.measure import Measured
from tflm_hil.models.tflite.inspect import Inspection, inspect
from tflm_hil.references.tensors import StepTensors, step_tensors

ENDS_BY_NATURE = ("TANH", "LOGISTIC", "SOFTMAX", "RELU", "RELU6", "RESHAPE")
"""Operators whose outputs lie at an end of their range when all is well."""

SHARE = 0.05
SHOWN = 3
STEPS = 50


@dataclass(frozen=True)
class Saturated:
    """A tensor with the share of its values that lie at an end of its range."""

    subgraph: int
    index: int
    name: str
    operator: str
    share: float

    def __str__(self) -> str:
        place = f" in subgraph {self.subgraph}" if self.subgraph else ""
        return f"{self.share:.0%} of tensor {self.index} ({self.operator}{place})"


def saturated_tensors(measured: Measured) -> str:
    """A sentence for a variant whose error enters at TFLite, "" if no tensor is remarkable."""
    variant, rung = measured.variant, measured.ladder.entered
    if rung != "tflite" or variant.dtype == "float32":
        return ""
    worst = measured.ladder.rung(rung).worst
    number = worst[0] if worst is not None else 0
    sequence = variant.load_samples().inputs[number]
    try:
        tensors = step_tensors(variant.path, sequence, steps=STEPS)
    except ReferenceFailed:
        return ""
    found = remarkable(inspect(variant.content()), tensors)
    if not found:
        return ""
    listed = ", ".join(str(item) for item in found[:SHOWN])
    return (
        f"In sequence {number} integers lie at an end of their range: {listed}. Calibrate with"
        " data that reaches as far."
    )


def remarkable(model: Inspection, tensors: StepTensors) -> list[Saturated]:
    """Tensors that operators write, with more than 5 % at their ends, the fullest first."""
    found = []
    for graph in model.subgraphs:
        writers = {index: op.name for op in graph.operators for index in op.outputs}
        writers |= dict.fromkeys(graph.inputs if graph.index == 0 else (), "input")
        for index, operator in writers.items():
            tensor = graph.tensors[index]
            array = tensors.arrays.get(f"{graph.index}.{index}")
            if array is None or not tensor.scales or operator in ENDS_BY_NATURE:
                continue
            ends = np.iinfo(array.dtype)
            share = float(np.mean((array == ends.min) | (array == ends.max)))
            if share > SHARE:
                found.append(Saturated(graph.index, index, tensor.name, operator, share))
    return sorted(found, key=lambda item: -item.share)
