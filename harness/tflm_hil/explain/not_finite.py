"""The first place of a value that is NaN or infinite: rung, sequence, step, weight, operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.metrics import first_nonfinite, nonfinite
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.errors import ReferenceFailed
from tflm_hil.measure.measure import Measured
from tflm_hil.measure.time_steps import samples_are_steps
from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.spoilt import spoilt_constants
from tflm_hil.references import References
from tflm_hil.references.tensors import StepTensors, step_tensors
from tflm_hil.report.causes import Cause, NotFinite
from tflm_hil.report.judgement import Scope
from tflm_hil.report.kinds import CauseKind
from tflm_hil.vocabulary import Measure, RungName

STEPS = 200  # Invokes in which the operator is looked for
FILE_RUNGS = (RungName.TFLITE, RungName.TFLM, RungName.DEVICE)


def not_finite(measured: Measured, references: References) -> Cause | None:
    """The cause of a verdict that rests on values that are no numbers, else None."""
    failure = measured.failure
    if failure is None or failure.check.measure is not Measure.NONFINITE:
        return None
    model = measured.variant.inspection()
    outputs = _spoilt(measured, references)
    place = None if outputs is None else first_nonfinite(outputs.stored)
    sequence = 0 if place is None else place[0]
    operator, tensor = "", ""
    if failure.rung in FILE_RUNGS:
        operator, tensor = _operator(measured, model, sequence)
    evidence = NotFinite(
        rung=failure.rung,
        values=0 if outputs is None else nonfinite(outputs.stored),
        state=failure.check.scope is Scope.STATE,
        sequence=None if place is None else sequence,
        step=_step(measured, outputs, place),
        weights=tuple(item.name for _, item in spoilt_constants(model)),
        operator=operator,
        tensor=tensor,
    )
    return Cause(CauseKind.NOT_FINITE, evidence=(evidence,))


def _step(
    measured: Measured, outputs: RungOutputs | None, place: tuple[int, ...] | None
) -> int | None:
    """The step, where axis 1 counts steps: the rows of a picture are none."""
    if place is None or outputs is None or not outputs.per_step:
        return None
    variant = measured.variant
    return place[1] if samples_are_steps(variant, variant.load_samples()) else None


def _spoilt(measured: Measured, references: References) -> RungOutputs | None:
    """The tensor that the failure is about; None if it is a weight that no output shows."""
    assert measured.failure is not None
    check, rung = measured.failure.check, measured.failure.rung
    if check.scope is Scope.WEIGHT:
        return None
    if rung is RungName.DEVICE:
        tensors: Sequence[RungOutputs] = measured.tensors
    else:
        tensors = references.references[rung].tensors
    if check.tensor is None:
        return tensors[0]
    numbers = [tensor.index for tensor in measured.model.outputs]
    return tensors[numbers.index(check.tensor)]


def _operator(measured: Measured, model: Inspection, sequence: int) -> tuple[str, str]:
    """The first operator that makes such a value of numbers alone, or of a constant, on desktop
    TFLM.
    """
    variant = measured.variant
    inputs = variant.load_samples().inputs[sequence]
    try:
        tensors = step_tensors(variant.path, inputs, steps=STEPS, states=variant.declared_numbers())
    except ReferenceFailed:
        return "", ""
    return first_operator(model, tensors)


def first_operator(model: Inspection, tensors: StepTensors) -> tuple[str, str]:
    """Its name and the tensor that it writes; empty if there is none."""
    for step in range(len(tensors.blocks)):
        for graph in model.subgraphs:
            for op in graph.operators:
                for index in op.outputs:
                    values = tensors.read(step, graph.index, index)
                    if values is not None and not _finite(values):
                        return op.name, graph.tensors[index].name
    return "", ""


def _finite(values: NDArray[Any]) -> bool:
    return values.dtype.kind != "f" or bool(np.all(np.isfinite(values)))
