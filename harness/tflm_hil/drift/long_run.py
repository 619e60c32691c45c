"""One variant over a thousand steps: the device on the long sequence, held against every rung.

    found = long_run(variant, bench, references)
    found.differing         # integers: values that are not desktop TFLM's, over all steps
    found.sentences         # the drift of every rung in words

The device feeds its states back itself (single step) or keeps them (variables), so this is the
network as it is used: one reset, then a thousand steps. A single-step model runs a second time
from desktop TFLM's states, step by step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tflm_hil.bench.bench import Bench
from tflm_hil.bench.variants import slot_entry
from tflm_hil.comparison.chaos import ALLOWED, Chaos, chaos
from tflm_hil.comparison.drift import Drift, drift, drifts
from tflm_hil.comparison.metrics import compare
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.drift.drift_sentences import sentences
from tflm_hil.drift.long_references import LongReferences
from tflm_hil.drift.teacher_forced import Forced, spread, teacher_forced
from tflm_hil.explain.locate import locate_in_long
from tflm_hil.link.messages import LoadedModel, SequenceRequest
from tflm_hil.measure.meter import Reading, link_record
from tflm_hil.measure.step_by_step import by_output
from tflm_hil.measure.streaming import sequence_bytes
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.states import state_pairs
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.references.records import OutputTensor
from tflm_hil.report.causes import Descent
from tflm_hil.report.records import Limit, LinkRecord, Measurement, VariantRecord, Verdict
from tflm_hil.report.render.causes import descent_sentence

# Largest |Δ| of a float32 value after one step from equal states, of 1 or of the value if that is
# larger: sums in another order, and fused multiply-add in upstream's builds of TFLM. Measured over
# the zoo: 5.4e-7 builtin, 9.2e-7 TFLM.
ONE_STEP = 2e-6


@dataclass(frozen=True)
class LongRun:
    """`outputs` are the device's, tensor by tensor `[1, Invokes, ...]`: the output, then states.

    `differing` counts the values of all of them that are not desktop TFLM's; `chaos` is for floats,
    `forced` for single-step models. `descent` has the operator that makes the first
    integer that differs, None if none does or it cannot be said; `culprit` says it.
    """

    variant: Variant
    references: LongReferences
    outputs: tuple[RungOutputs, ...]
    differing: int
    values: int
    drifts: tuple[Drift, ...]
    from_keras: Drift | None
    chaos: Chaos | None
    forced: Forced | None
    link: LinkRecord
    descent: Descent | None
    culprit: str
    sentences: tuple[str, ...]

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """What the report keeps, with limits where there is something to miss."""
        found = []
        if self.outputs[0].integer:
            found.append(Measurement("drift.differing", self.differing, "values", Limit("<=", 0)))
        if self.from_keras is not None:
            largest = max(self.from_keras.max_abs)
            found.append(Measurement("drift.device_keras.max_abs", largest, "output"))
        if self.chaos is not None:
            excess = self.chaos.excess
            found.append(Measurement("drift.excess", excess, "", Limit("<=", ALLOWED)))
        if self.forced is not None and self.outputs[0].integer:
            found.append(
                Measurement("forced.differing", self.forced.differing, "values", Limit("<=", 0))
            )
        elif self.forced is not None:
            found.append(
                Measurement("forced.max_abs", self.forced.share, "", Limit("<=", ONE_STEP))
            )
        return tuple(found)


def _locate(
    variant: Variant,
    bench: Bench,
    references: LongReferences,
    outputs: tuple[RungOutputs, ...],
) -> Descent | None:
    """Which operator of a single-step model makes the first integer that differs; None if none
    does."""
    steps = [
        np.flatnonzero(
            (ours.stored != wheel.stored).reshape(references.sequence.invokes, -1).any(1)
        )
        for ours, wheel in zip(outputs, references.tflm, strict=True)
        if ours.stored is not None
    ]
    differing = [int(found[0]) for found in steps if len(found)]
    if not differing or not state_pairs(inspect(variant.content())):
        return None
    return locate_in_long(variant, bench, references.sequence.inputs, min(differing))


def long_run(variant: Variant, bench: Bench, references: LongReferences) -> LongRun:
    """Run the long sequence of `variant`. Raises BoardError, LinkError, DeviceError."""
    entry = slot_entry(variant)
    device = bench.load(entry)
    model = device.model
    assert model is not None
    sequence = sequence_bytes(references.sequence.inputs[np.newaxis], model)[0]
    start = Reading.take(device)
    result = next(device.stream([SequenceRequest(None, sequence)]))
    outputs = _outputs(result.outputs, model, references.tflm)
    forced = None
    if state_pairs(inspect(variant.content())):
        device.load(entry.hash, raw_states=True)
        chosen = spread(result.steps, float(np.median(result.cycles)))
        forced = teacher_forced(device, variant.content(), sequence, references.tflm, chosen)
    end = Reading.take(device)
    deltas = [
        compare(ours, wheel.outputs()) for ours, wheel in zip(outputs, references.tflm, strict=True)
    ]
    rungs = _rungs(references, outputs[0])
    own = None
    if references.moved is not None:
        wheel = references.tflm[0].outputs().values[0]
        floor = ONE_STEP * max(1.0, float(np.max(np.abs(wheel))))
        others = [
            tensor.outputs().values[0] for tensor in (references.moved, *references.tflite[:1])
        ]
        own = chaos(outputs[0].values[0], wheel, others, floor=floor)
    per = "step" if references.sequence.rows == 1 else "window"
    steps = drifts(rungs, per=per)
    from_keras = None
    if "keras" in rungs:
        from_keras = drift("device", outputs[0], "keras", rungs["keras"], per=per)
    said = sentences(references, steps, from_keras, own, forced, _states(variant, outputs))
    descent = _locate(variant, bench, references, outputs)
    culprit = "" if descent is None else descent_sentence(descent)
    return LongRun(
        variant=variant,
        references=references,
        outputs=outputs,
        differing=sum(delta.differing for delta in deltas),
        values=sum(delta.values for delta in deltas),
        drifts=steps,
        from_keras=from_keras,
        chaos=own,
        forced=forced,
        link=link_record(start, end, baud=device.baud, core_hz=bench.hello.core_clock_hz),
        descent=descent,
        culprit=culprit,
        sentences=(*said, culprit) if culprit else said,
    )


def with_drift(record: VariantRecord, found: LongRun) -> VariantRecord:
    """The record with what the long run has shown; a limit that it misses fails the variant."""
    measurements = (*record.measurements, *found.measurements)
    missed = [item for item in found.measurements if item.verdict is Verdict.FAIL]
    if not missed:
        return replace(
            record, drift=found.sentences, measurements=measurements, long_link=found.link
        )
    if record.verdict is not Verdict.PASS:
        return replace(
            record,
            sentence="\n  ".join(filter(None, [record.sentence, _said_of_all(found)])),
            drift=found.sentences,
            measurements=measurements,
            long_link=found.link,
        )
    named = ", ".join(f"{item.name} is {item.value:g} {item.unit}".rstrip() for item in missed)
    return replace(
        record,
        drift=found.sentences,
        measurements=measurements,
        long_link=found.link,
        verdict=Verdict.FAIL,
        verdict_rung="device",
        sentence=f"the samples are right, {found.references.sequence.steps:,} steps in one are"
        f" not: {named}. {found.culprit}".rstrip(),
    )


def _said_of_all(found: LongRun) -> str:
    steps = f"{found.references.sequence.steps:,} steps without a reset"
    return f"{steps}: {found.culprit}" if found.culprit else ""


def _rungs(references: LongReferences, device: RungOutputs) -> dict[str, RungOutputs]:
    rungs = {} if references.keras is None else {"keras": references.keras.outputs()}
    if references.tflite:  # it refuses some files that desktop TFLM takes
        rungs["tflite"] = references.tflite[0].outputs()
    return {**rungs, "tflm": references.tflm[0].outputs(), "device": device}


def _outputs(
    block: bytes, model: LoadedModel, like: tuple[OutputTensor, ...]
) -> tuple[RungOutputs, ...]:
    """The device's outputs in the form of desktop TFLM's."""
    found = []
    for (own,), tensor in zip(by_output([block], model), like, strict=True):
        flat = np.frombuffer(own, tensor.stored.dtype.newbyteorder("<"))
        stored = flat.astype(tensor.stored.dtype).reshape(tensor.stored.shape)
        found.append(
            RungOutputs.of_stored(
                stored, scale=tensor.scale, zero_point=tensor.zero_point, per_step=True
            )
        )
    return tuple(found)


def _states(variant: Variant, outputs: tuple[RungOutputs, ...]) -> dict[str, RungOutputs]:
    """What the device fed back, by the state's name."""
    pairs = state_pairs(inspect(variant.content()))
    fed_back = outputs[len(outputs) - len(pairs) :]
    return {pair.name: found for pair, found in zip(pairs, fed_back, strict=True)}
