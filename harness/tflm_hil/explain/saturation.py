"""When quantisation is to blame: which tensors of an integer model are at an end of their range.

Computed in desktop TFLM on the sequence that differs most, with every tensor kept.
"""

from __future__ import annotations

import numpy as np

from tflm_hil.errors import ReferenceFailed
from tflm_hil.measure.measure import Measured
from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.references.tensors import StepTensors, step_tensors
from tflm_hil.report.causes import Saturated
from tflm_hil.vocabulary import RungName

ENDS_BY_NATURE = ("TANH", "LOGISTIC", "SOFTMAX", "RELU", "RELU6", "RESHAPE")
"""Operators whose outputs lie at an end of their range when all is well."""

SHARE = 0.05
STEPS = 50


def saturated_tensors(measured: Measured, entered: RungName) -> tuple[Saturated, ...]:
    """The fullest first, of an integer variant whose error enters at TFLite; else none."""
    variant = measured.variant
    if entered is not RungName.TFLITE or variant.dtype == "float32":
        return ()
    worst = measured.ladder.rung(RungName.TFLITE).worst
    number = 0 if worst is None else worst[0]
    sequence = variant.load_samples().inputs[number]
    try:
        tensors = step_tensors(
            variant.path, sequence, steps=STEPS, states=variant.declared_numbers()
        )
    except ReferenceFailed:
        return ()
    return saturated_in(number, variant.inspection(), tensors)


def saturated_in(sequence: int, model: Inspection, tensors: StepTensors) -> tuple[Saturated, ...]:
    """Tensors that operators write, with more than 5 % at their ends, the fullest first."""
    full = []
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
                full.append(Saturated(sequence, graph.index, index, tensor.name, operator, share))
    return tuple(sorted(full, key=lambda item: -item.share))
