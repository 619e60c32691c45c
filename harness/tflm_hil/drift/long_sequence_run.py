"""One variant over a thousand steps: the device on the long sequence, held against every rung.

    run = run_long_sequence(variant, bench, references)
    run.record.differing        # integers: values that are not desktop TFLM's, over all steps
    run.record.drifts           # every rung against the one before

The device feeds its states back itself (single step) or keeps them (variables), so this is the
network as it is used: one reset, then a thousand steps. A single-step model runs a second time
from desktop TFLM's states, step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tflm_hil.bench.bench import Bench
from tflm_hil.bench.variants import slot_entry
from tflm_hil.comparison.chaos import ALLOWED, chaos
from tflm_hil.comparison.drift import drift, drifts, saturated
from tflm_hil.comparison.metrics import compare
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.drift.long_references import LongReferences
from tflm_hil.drift.teacher_forced import spread, teacher_forced
from tflm_hil.explain.imitation import imitated
from tflm_hil.explain.locate import locate_in_long
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.measure.device_outputs import device_outputs
from tflm_hil.measure.meter import Reading, link_record
from tflm_hil.measure.streaming import sequence_bytes
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.causes import Descent, Explanation
from tflm_hil.report.drifting import ChaosRecord, ForcedRecord, LongRunRecord, Saturation
from tflm_hil.report.judgement import Limit, Measurement, Scope
from tflm_hil.vocabulary import Measure, RungName

# Largest |Δ| of a float32 value after one step from equal states, of 1 or of the value if that is
# larger: sums in another order, and fused multiply-add in upstream's builds of TFLM. Measured over
# the zoo: 5.4e-7 builtin, 9.2e-7 TFLM.
ONE_STEP = 2e-6

EQUAL = Limit(RungName.DEVICE, Measure.DIFFERING, maximum=0)
AS_ROUNDING_EXPLAINS = Limit(RungName.DEVICE, Measure.EXCESS, maximum=ALLOWED)
AS_IN_ONE_STEP = Limit(RungName.DEVICE, Measure.MAX_SHARE, maximum=ONE_STEP)


@dataclass(frozen=True)
class LongRun:
    """`outputs` are the device's, tensor by tensor `[1, Invokes, ...]`: the output, then states.

    `explanation` says why integers differ, None if they do not or nobody knows.
    """

    variant: Variant
    references: LongReferences
    outputs: tuple[RungOutputs, ...]
    record: LongRunRecord
    explanation: Explanation | None = None

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """What the report keeps, with limits where there is something to miss."""
        return measurements(self.record)


def measurements(record: LongRunRecord) -> tuple[Measurement, ...]:
    """The numbers of a long run that have a limit, or are worth a place in the tables."""
    noted: list[Measurement] = []

    def note(
        measure: Measure,
        value: float,
        scope: Scope,
        limit: Limit | None = None,
        against: RungName | None = None,
    ) -> None:
        noted.append(
            Measurement(measure, value, RungName.DEVICE, scope, against=against, limit=limit)
        )

    if record.integer:
        note(Measure.DIFFERING, record.differing, Scope.LONG_RUN, EQUAL)
    if record.from_keras is not None:
        largest = record.from_keras.max_abs
        note(Measure.MAX_ABS, largest, Scope.LONG_RUN, against=RungName.KERAS)
    if record.chaos is not None:
        note(Measure.EXCESS, record.chaos.excess, Scope.LONG_RUN, AS_ROUNDING_EXPLAINS)
    if record.forced is not None and record.integer:
        note(Measure.DIFFERING, record.forced.differing, Scope.FORCED, EQUAL)
    elif record.forced is not None:
        note(Measure.MAX_SHARE, record.forced.share, Scope.FORCED, AS_IN_ONE_STEP)
    return tuple(noted)


def run_long_sequence(variant: Variant, bench: Bench, references: LongReferences) -> LongRun:
    """Run the long sequence of `variant`. Raises BoardError, LinkError, DeviceError."""
    entry = slot_entry(variant)
    device = bench.load(entry)
    model = device.model
    assert model is not None
    sequence = sequence_bytes(references.sequence.inputs[np.newaxis], model)[0]
    start = Reading.take(device)
    result = next(device.stream([SequenceRequest(None, sequence)]))
    outputs = device_outputs([result.outputs], model, references.tflm)
    forced: ForcedRecord | None = None
    if variant.state_pairs():
        device.load(entry.hash, raw_states=True)
        chosen = spread(result.steps, float(np.median(result.cycles)))
        forced = teacher_forced(device, variant.state_pairs(), sequence, references.tflm, chosen)
    end = Reading.take(device)
    compared = [compare(ours, wheel) for ours, wheel in zip(outputs, references.tflm, strict=True)]
    rungs = _rungs(references, outputs[0])
    from_keras = None
    if RungName.KERAS in rungs:
        from_keras = drift(RungName.DEVICE, outputs[0], RungName.KERAS, rungs[RungName.KERAS])
    record = LongRunRecord(
        invokes=references.sequence.invokes,
        rows=references.sequence.rows,
        integer=outputs[0].integer,
        differing=sum(rung.differing or 0 for rung in compared),
        values=sum(rung.values or 0 for rung in compared),
        drifts=tuple(item.record for item in drifts(rungs)),
        from_keras=None if from_keras is None else from_keras.record,
        without_keras=references.without_keras,
        chaos=_chaos(outputs[0], references),
        forced=forced,
        states=_saturated_states(variant, outputs),
        descent=_descent(variant, bench, references, outputs),
        link=link_record(start, end, baud=device.baud, core_hz=bench.hello.core_clock_hz),
    )
    explanation = _explained(variant, bench.hello.engine, record, sequence, result.outputs)
    return LongRun(variant, references, outputs, record, explanation)


def _explained(
    variant: Variant, engine: str, record: LongRunRecord, sequence: bytes, block: bytes
) -> Explanation | None:
    """What libraries are known to do differently, where that is all that differs."""
    if not record.integer or not record.differing:
        return None
    site = None if record.descent is None else record.descent.culprit
    causes = imitated(variant, [sequence], [block], engine=engine, differs=0, site=site)
    return Explanation(causes) if causes else None


def _rungs(references: LongReferences, device: RungOutputs) -> dict[str, RungOutputs]:
    rungs: dict[str, RungOutputs] = {}
    if references.keras is not None:
        rungs[RungName.KERAS] = references.keras
    if references.tflite:  # it refuses some files that desktop TFLM takes
        rungs[RungName.TFLITE] = references.tflite[0]
    return {**rungs, RungName.TFLM: references.tflm[0], RungName.DEVICE: device}


def _chaos(device: RungOutputs, references: LongReferences) -> ChaosRecord | None:
    """For floats: the device beside what one rounding makes of the network."""
    if references.moved is None:
        return None
    wheel = references.tflm[0].values[0]
    floor = ONE_STEP * max(1.0, float(np.max(np.abs(wheel))))
    others = [tensor.values[0] for tensor in (references.moved, *references.tflite[:1])]
    return chaos(device.values[0], wheel, others, floor=floor)


def _saturated_states(variant: Variant, outputs: Sequence[RungOutputs]) -> tuple[Saturation, ...]:
    """Of every integer state that the device fed back."""
    pairs = variant.state_pairs()
    fed_back = outputs[len(outputs) - len(pairs) :]
    ends = [saturated(state, pair.name) for pair, state in zip(pairs, fed_back, strict=True)]
    return tuple(item for item in ends if item is not None)


def _descent(
    variant: Variant, bench: Bench, references: LongReferences, outputs: Sequence[RungOutputs]
) -> Descent | None:
    """What makes the first integer of a single-step model that differs; None if none does."""
    differing = [
        step
        for ours, wheel in zip(outputs, references.tflm, strict=True)
        if ours.integer and (step := compare(ours, wheel).first_differing_step) is not None
    ]
    if not differing or not variant.state_pairs():
        return None
    return locate_in_long(variant, bench, references.sequence.inputs, min(differing))
