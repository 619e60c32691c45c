"""From raw cycle counts and a ladder to the measurements that the report keeps of a variant."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison import Ladder
from tflm_hil.link.messages import LoadedModel
from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.spoilt import spoilt_constants
from tflm_hil.report.costs import CycleRecord, LinkRecord
from tflm_hil.report.judgement import Limit, Measurement, Part, Scope
from tflm_hil.report.statistics import distribution
from tflm_hil.vocabulary import CYCLE_MEASURES, Measure, RungName

FINITE = Limit(RungName.TFLITE, Measure.NONFINITE, maximum=0)


def not_finite_weights(model: Inspection) -> tuple[Measurement, ...]:
    """A broken limit for each constant of the file that makes numbers that are none."""
    return tuple(
        Measurement(
            Measure.NONFINITE,
            tensor.nan_values or tensor.infinite_values,
            RungName.TFLITE,
            Scope.WEIGHT,
            tensor.index,
            limit=FINITE,
        )
        for _, tensor in spoilt_constants(model)
    )


def set_aside(ladder: Ladder, limits: Sequence[Limit], part: Part) -> tuple[Measurement, ...]:
    """Limits that were not applied, with what was measured all the same."""
    rungs = {rung.name: rung for rung in ladder.rungs}
    return tuple(
        Measurement(limit.measure, value, limit.rung, limit=limit, not_judged=part)
        for limit in limits
        if limit.rung in rungs and (value := rungs[limit.rung].measured(limit.measure)) is not None
    )


def figures(
    cycles: CycleRecord, model: LoadedModel, stack_bytes: int, link: LinkRecord
) -> tuple[Measurement, ...]:
    """What was measured without a limit."""
    modelled = cycles.source if cycles.modelled else ""
    spreads = {"streamed": cycles.streamed, "cold": cycles.cold, "warm": cycles.warm}
    counts = [
        Measurement(measure, value, modelled=modelled)
        for kind, measures in CYCLE_MEASURES.items()
        if (spread := spreads[kind]) is not None
        for measure, value in zip(
            measures, (spread.minimum, spread.p50, spread.p99, spread.maximum), strict=True
        )
    ]
    share = math.nan if link.payload_share is None else link.payload_share
    return (
        *counts,
        Measurement(Measure.ARENA, model.arena_bytes),
        Measurement(Measure.STACK, stack_bytes),
        Measurement(Measure.LINK_PAYLOAD, link.payload_bytes),
        Measurement(Measure.LINK_RETRANSMISSIONS, link.retransmissions),
        Measurement(Measure.LINK_PAYLOAD_SHARE, share, modelled=modelled),
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
