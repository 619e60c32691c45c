"""From a ladder's result and raw cycle counts to what the report keeps of a variant."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison import LadderResult, RungDelta
from tflm_hil.comparison.ladder import Check
from tflm_hil.comparison.limits import Limit as ManifestLimit
from tflm_hil.link.messages import LoadedModel
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.report.records import (
    CycleRecord,
    Limit,
    LinkRecord,
    Measurement,
    Rung,
    VariantRecord,
    Verdict,
)
from tflm_hil.report.statistics import distribution


def variant_record(
    variant: Variant,
    ladder: LadderResult,
    *,
    sequences: int,
    sequences_in_set: int,
    steps: int,
    resumed: int,
    cycles: CycleRecord,
    model: LoadedModel,
    stack_bytes: int,
    link: LinkRecord,
    messages: tuple[str, ...] = (),
    more: tuple[Measurement, ...] = (),
) -> VariantRecord:
    """Everything about one variant in one record. A limit of `more` fails it as the ladder does."""
    broken = [item for item in more if item.verdict is Verdict.FAIL]
    sentence = ladder.sentence
    if broken and ladder.verdict != "fail":
        found = ", ".join(f"{item.name} is {item.value:g} {item.unit}" for item in broken)
        sentence = f"the last step is right, others are not: {found}"
    return VariantRecord(
        id=variant.id,
        model=variant.model,
        export=variant.export,
        dtype=variant.dtype,
        sha256=variant.sha256,
        file_bytes=variant.size_bytes,
        verdict=Verdict.FAIL if broken else Verdict(ladder.verdict),
        title=variant.title,
        task=variant.task,
        sequences=sequences,
        sequences_in_set=sequences_in_set,
        steps=steps,
        time_steps=time_steps(model, steps // sequences),
        sequences_resumed=resumed,
        verdict_rung=ladder.verdict_rung or ("device" if broken else ""),
        sentence=sentence,
        messages=messages,
        rungs=tuple(rung_record(rung) for rung in ladder.rungs),
        cycles=cycles,
        arena_bytes=model.arena_bytes,
        stack_bytes=stack_bytes,
        measurements=(*checks(ladder), *more, *figures(cycles, model, stack_bytes, link)),
        link=link,
        samples_sha256=variant.samples.sha256,
        notes=variant.notes,
    )


def rung_record(rung: RungDelta) -> Rung:
    """A rung as the report keeps it."""
    histogram = rung.lsb_histogram
    return Rung(
        name=rung.name,
        against=rung.against,
        accuracy=rung.accuracy,
        max_abs=rung.max_abs,
        mean_abs=rung.mean_abs,
        rmse=rung.rmse,
        cosine=rung.cosine,
        argmax_agreement=rung.argmax_agreement,
        differing=rung.differing,
        values=rung.values,
        max_lsb=rung.max_lsb,
        lsb_histogram=(
            None if histogram is None else {str(level): count for level, count in histogram}
        ),
        label_rmse=rung.label_rmse,
    )


def time_steps(model: LoadedModel, invokes: int) -> int:
    """Time steps of a sequence that takes so many Invokes: of each the longest tensor's.

    Tensors are [1, steps, ...]; those of a model that takes a step an Invoke have no such axis,
    or one of length 1.
    """
    tensors = (*model.inputs, *model.outputs)
    return invokes * max((item.shape[1] for item in tensors if len(item.shape) > 2), default=1)


def checks(ladder: LadderResult) -> tuple[Measurement, ...]:
    """Each limit of the manifest that was checked, as a measurement that judges itself."""
    return tuple(
        measurement
        for rung in ladder.rungs
        for check in rung.checks
        for measurement in _bounds(check)
    )


def set_aside(
    ladder: LadderResult, limits: Sequence[ManifestLimit], reason: str
) -> tuple[Measurement, ...]:
    """Limits that were not applied, with what was measured all the same."""
    rungs = {rung.name: rung for rung in ladder.rungs}
    return tuple(
        measurement
        for limit in limits
        if limit.rung in rungs and (value := rungs[limit.rung].measure(limit.measure)) is not None
        for measurement in _bounds(Check(limit, value, True), reason)
    )


def _bounds(check: Check, not_judged: str = "") -> list[Measurement]:
    limit = check.limit
    unit = "" if limit.unit == "1" else limit.unit
    found = []
    if limit.maximum is not None:
        found.append(("<=", limit.maximum))
    if limit.minimum is not None:
        found.append((">=", limit.minimum))
    return [
        Measurement(
            f"{limit.rung}.{limit.measure}",
            check.value,
            unit,
            Limit(relation, bound),
            not_judged=not_judged,
        )
        for relation, bound in found
    ]


def figures(
    cycles: CycleRecord, model: LoadedModel, stack_bytes: int, link: LinkRecord
) -> tuple[Measurement, ...]:
    """What was measured without a limit."""
    modelled = cycles.source if cycles.modelled else ""
    named = {"streamed": cycles.streamed, "cold": cycles.cold, "warm": cycles.warm}
    counts = [
        Measurement(f"cycles.{name}.{figure}", getattr(found, field), "cycles", modelled=modelled)
        for name, found in named.items()
        if found is not None
        for figure, field in (
            ("min", "minimum"),
            ("p50", "p50"),
            ("p99", "p99"),
            ("max", "maximum"),
        )
    ]
    return (
        *counts,
        Measurement("arena", model.arena_bytes, "bytes"),
        Measurement("stack", stack_bytes, "bytes"),
        Measurement("link.payload", link.payload_bytes, "bytes"),
        Measurement("link.retransmissions", link.retransmissions, "frames"),
        Measurement(
            "link.payload_share",
            math.nan if link.payload_share is None else link.payload_share,
            "",
            modelled=modelled,
        ),
    )


def cycle_record(
    streamed: NDArray[np.int64],
    cold: tuple[int, ...],
    warm: tuple[int, ...],
    *,
    source: str,
    modelled: bool,
) -> CycleRecord:
    """Distributions of all the cycle counts of a variant; `streamed` is [sequences, Invokes]."""
    return CycleRecord(
        streamed=distribution(streamed),
        cold=distribution(cold),
        warm=distribution(warm),
        source=source,
        modelled=modelled,
        per_sequence=distribution([int(value) for value in streamed.sum(axis=1)]),
    )
