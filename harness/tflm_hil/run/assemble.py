"""A variant's record, made of what is known of it: measured, explained, over long sequences."""

from __future__ import annotations

from dataclasses import dataclass

from tflm_hil.drift.long_sequence_run import LongRun
from tflm_hil.measure.measure import Measured
from tflm_hil.measure.time_steps import steps_of_variant
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.causes import Explanation
from tflm_hil.report.drifting import DriftRecord
from tflm_hil.report.judgement import Failure, Measurement, Verdict
from tflm_hil.report.records import ErrorRecord, LabelRecord, LintRecord, VariantRecord
from tflm_hil.run.states import state_records
from tflm_hil.vocabulary import RungName


@dataclass(frozen=True)
class VariantParts:
    """What a run knows of one variant so far. `error` is why it could not be measured; `blocked`:
    it is that of something before it.
    """

    variant: Variant
    lints: tuple[LintRecord, ...] = ()
    error: ErrorRecord | None = None
    blocked: bool = False
    measured: Measured | None = None
    drift: tuple[DriftRecord, ...] = ()
    explanation: Explanation | None = None
    long_run: LongRun | None = None


def assemble(parts: VariantParts) -> VariantRecord:
    """The record for the report."""
    variant, measured = parts.variant, parts.measured
    if measured is None:
        return VariantRecord(
            id=variant.id,
            model=variant.model,
            export=variant.export,
            dtype=variant.dtype,
            sha256=variant.sha256,
            file_bytes=variant.size_bytes,
            verdict=_unmeasured(parts),
            title=variant.title,
            task=variant.task,
            error=parts.error,
            samples_sha256=variant.samples.sha256,
            notes=variant.notes,
            lints=parts.lints,
            states=state_records(variant),
        )
    long_run = parts.long_run
    later = () if long_run is None else long_run.measurements
    failure = measured.failure or missed(later)
    steps = steps_of_variant(variant)
    labels = label_record(measured)
    return VariantRecord(
        id=variant.id,
        model=variant.model,
        export=variant.export,
        dtype=variant.dtype,
        sha256=variant.sha256,
        file_bytes=variant.size_bytes,
        verdict=measured.verdict if failure is None else Verdict.FAIL,
        title=variant.title,
        task=variant.task if labels is None else labels.task,
        sequences=measured.sequences,
        sequences_in_set=measured.sequences_in_set,
        steps=measured.steps,
        time_steps=(steps.count or 0) * (measured.steps // measured.sequences),
        steps_per_invoke=steps.count,
        steps_basis=steps.basis,
        states=state_records(variant),
        labels=labels,
        input_saturation=measured.input_saturation,
        sequences_resumed=measured.streamed.resumed,
        failure=failure,
        explanation=_explanation(parts, measured),
        drift=parts.drift,
        long_run=None if long_run is None else long_run.record,
        messages=measured.messages,
        rungs=measured.ladder.rungs,
        cycles=measured.cycles,
        arena_bytes=measured.model.arena_bytes,
        stack_bytes=measured.stack_bytes,
        measurements=(*measured.measurements, *later),
        link=measured.link,
        samples_sha256=variant.samples.sha256,
        notes=(*variant.notes, *measured.refusals),
        lints=parts.lints,
    )


def _explanation(parts: VariantParts, measured: Measured) -> Explanation | None:
    """Of what failed: the samples, or else the long run."""
    if measured.failure is not None or parts.long_run is None:
        return parts.explanation
    return parts.long_run.explanation


def _unmeasured(parts: VariantParts) -> Verdict:
    if parts.error is None:
        return Verdict.NONE
    return Verdict.BLOCKED if parts.blocked else Verdict.ERROR


def label_record(measured: Measured) -> LabelRecord | None:
    """What the labels were recognised as; None without any."""
    known = measured.ladder.labels
    if known is None:
        return None
    return LabelRecord(
        kind=known.kind,
        task=known.task,
        declared=measured.variant.task_declared,
        classes=known.classes,
        last_step=known.last,
        per_step=known.per_step,
        at_chance=measured.ladder.at_chance,
    )


def missed(measurements: tuple[Measurement, ...]) -> Failure | None:
    """The first limit of a long run that is not kept: the device is what the desktop is not."""
    broken = (item for item in measurements if item.verdict is Verdict.FAIL)
    first = next(broken, None)
    return None if first is None else Failure(RungName.DEVICE, first)
