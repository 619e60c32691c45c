"""Where on the device an error comes from: its worst sequence, run again on the board.

If every operator is right when the sequence runs step by step, it is run once more as it was in
the run, but alone: what it does then tells memory that overlaps from states that are lost or left
behind.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tflm_hil.bench.bench import Bench
from tflm_hil.bench.variants import slot_entry
from tflm_hil.comparison.descent import FLOAT_BOUND
from tflm_hil.errors import ModelRejected
from tflm_hil.explain.descend import descend, descend_into_loop
from tflm_hil.link.device import Device
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.measure.measure import Measured
from tflm_hil.measure.step_by_step import worst_sequence
from tflm_hil.measure.streaming import sequence_bytes
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.references.records import References
from tflm_hil.report.causes import Descent, Origin
from tflm_hil.vocabulary import Measure, RungName

BUDGET_S = 60.0  # then a descent stops where it is: a report that comes late is read by nobody


def locate(measured: Measured, bench: Bench, references: References) -> Descent:
    """The operator that makes the error in the sequence that differs most, or what is right then.

    Raises ModelRejected or ReferenceFailed if the board or desktop TFLM does not keep all tensors,
    LinkError, DeviceError, BoardError.
    """
    variant = measured.variant
    number = worst_sequence(measured.tensors, references.references[RungName.TFLM].tensors)
    bound = float_bound(variant, bench.hello.engine)
    until = time.monotonic() + BUDGET_S

    def load(content: bytes) -> Device:
        same = content == variant.content()
        return _loaded(bench, slot_entry(variant) if same else SlotEntry(variant.id, content))

    inputs = variant.load_samples().inputs[number]
    states = variant.declared_numbers()
    descent = descend(
        load(variant.content()), variant.path, inputs,
        sequence=number, bound=bound, until=until, states=states,
    )  # fmt: skip
    if descent.culprit is None and descent.in_time:
        return replace(descent, origin=_alone(measured, bench, number))
    if descent.culprit is not None and descent.culprit.loop is not None:
        with suppress(ModelRejected):  # flashing may be forbidden
            inner = descend_into_loop(
                load, variant.path, inputs,
                loop=descent.culprit.loop, sequence=number, bound=bound, until=until, states=states,
            )  # fmt: skip
            return inner or descent
    return descent


def locate_in_long(
    variant: Variant, bench: Bench, inputs: NDArray[np.float32], step: int
) -> Descent:
    """The operator that makes the error at one step of a long sequence `[steps, features]`, run
    from the state that desktop TFLM has there.

    Raises as `locate`.
    """
    device = _loaded(bench, slot_entry(variant))
    descent = descend(
        device, variant.path, inputs,
        sequence=None, start=step, steps=step + 1, states=variant.declared_numbers(),
    )  # fmt: skip
    if descent.culprit is None:
        return replace(descent, origin=Origin.STATE_OR_MEMORY)
    return descent


def _loaded(bench: Bench, entry: SlotEntry) -> Device:
    """The device with a model whose tensors are all kept and whose states are given to it."""
    device = bench.load(entry, preserve_all=True)
    # states come from the reference: so a step is wrong by itself, not by the one before
    device.load(entry.hash, preserve_all=True, raw_states=True)
    return device


def float_bound(variant: Variant, engine: str) -> float:
    """What the device may differ by from desktop TFLM: the variant's own limit, if it has one."""
    limits = [
        limit.maximum
        for limit in variant.limits
        if limit.rung is RungName.DEVICE
        and limit.measure is Measure.MAX_ABS
        and limit.holds_for(engine)
    ]
    return min((bound for bound in limits if bound is not None), default=FLOAT_BOUND)


def _alone(measured: Measured, bench: Bench, number: int) -> Origin:
    """What a sequence whose every operator is right does when it is run alone as in the run."""
    device = bench.load(slot_entry(measured.variant))
    assert device.model is not None
    (data,) = sequence_bytes(
        measured.variant.load_samples().inputs[number : number + 1], device.model
    )
    result = next(device.stream([SequenceRequest(0, data)]))
    if result.outputs != measured.streamed.blocks[number]:
        return Origin.LEAK
    return Origin.FEEDBACK if device.model.states else Origin.OVERLAP
