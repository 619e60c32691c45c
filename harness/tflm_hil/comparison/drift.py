"""Drift: how the error between two rungs moves over the steps of long sequences.

    for drift in drifts({"keras": k, "tflite": t, "tflm": m, "device": d}):
        drift.record.trend.kind

A recurrent network feeds its own error back. Whether that error stays bounded, grows in
proportion to the steps, or diverges is a property of its state, and a short test cannot see it.
How the three are told apart is in `tflm_hil.comparison.trend`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.difference import absolute_difference
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.comparison.trend import trend
from tflm_hil.errors import ComparisonError
from tflm_hil.report.drifting import DriftRecord, Saturation, Trend
from tflm_hil.vocabulary import RungName

# An error this many times above that of the first quarter of the steps has left its bounds.
DIVERGED = 3.0

# With an error of this share of the reference's standard deviation the outputs are useless.
LOST = 0.5


@dataclass(frozen=True)
class Drift:
    """One rung `against` the one before, step by step.

    `max_abs` and `rms` have one entry a step, over all sequences and outputs, in the unit of the
    output; the trend is that of `rms`. `first_differing_step` counts from 0, None if all is
    equal. `first_diverging_step` is the first step from which on the error exceeds the tolerance
    that was given, or else, where the error grows, three times its level in the first quarter;
    None if that never happens. `lost`: the error is as large as the reference varies.
    `saturation` is that of the rung, None for floats.
    """

    name: str
    against: str
    sequences: int
    max_abs: tuple[float, ...]
    rms: tuple[float, ...]
    trend: Trend
    first_differing_step: int | None
    first_diverging_step: int | None
    lost: bool
    saturation: Saturation | None

    @property
    def record(self) -> DriftRecord:
        """What the report keeps."""
        return DriftRecord(
            name=RungName(self.name),
            against=RungName(self.against),
            sequences=self.sequences,
            steps=len(self.max_abs),
            max_abs=max(self.max_abs),
            trend=self.trend,
            first_differing_step=self.first_differing_step,
            first_diverging_step=self.first_diverging_step,
            lost=self.lost,
            saturation=self.saturation,
        )


def drifts(
    rungs: Mapping[str, RungOutputs], *, tolerance: float | None = None
) -> tuple[Drift, ...]:
    """Each rung against the one before. Raises `ComparisonError`, see `drift`."""
    names = list(rungs)
    return tuple(
        drift(name, rungs[name], before, rungs[before], tolerance=tolerance)
        for before, name in pairwise(names)
    )


def drift(
    name: str,
    outputs: RungOutputs,
    against: str,
    reference: RungOutputs,
    *,
    tolerance: float | None = None,
) -> Drift:
    """The drift of one rung. `tolerance` (unit of the output) says what counts as diverged.

    Raises `ComparisonError` if the outputs are not per step or differ in shape.
    """
    for rung, rows in ((name, outputs), (against, reference)):
        if not rows.per_step:
            raise ComparisonError(
                f"{rung} has no output of every step, so its drift cannot be seen",
                remedy="run a model that returns sequences, or its single-step export",
            )
    if outputs.values.shape != reference.values.shape:
        raise ComparisonError(
            f"{name} has outputs of shape {outputs.values.shape}, {against} of"
            f" {reference.values.shape}",
            remedy="run the same sequences on both rungs, and return the same steps",
        )
    error = absolute_difference(outputs.values, reference.values)
    steps = np.moveaxis(error, 1, 0).reshape(error.shape[1], -1)
    largest = steps.max(axis=1)
    rms = np.sqrt(np.mean(np.square(steps), axis=1))
    movement = trend(rms)
    differing = np.flatnonzero(largest)
    saturation = saturated(outputs)
    diverging = _diverging_step(largest, movement, tolerance)
    first = int(differing[0]) if len(differing) else None
    lost = bool(movement.level >= LOST * float(np.std(reference.values)) > 0)
    return Drift(
        name=name,
        against=against,
        sequences=len(outputs),
        max_abs=tuple(float(value) for value in largest),
        rms=tuple(float(value) for value in rms),
        trend=movement,
        first_differing_step=first,
        first_diverging_step=diverging,
        lost=lost,
        saturation=saturation,
    )


def saturated(outputs: RungOutputs, state: str = "") -> Saturation | None:
    """Elements of integer outputs (or of a `state`) at an end of the range; axis 1 counts the
    steps. None for floats.
    """
    if not outputs.integer:
        return None
    limits = np.iinfo(outputs.stored.dtype)
    ends = (outputs.stored == limits.min) | (outputs.stored == limits.max)
    by_step = ends.any(axis=(0, *range(2, ends.ndim))) if outputs.per_step else ends.any(keepdims=1)
    first = np.flatnonzero(by_step)
    return Saturation(int(ends.sum()), ends.size, int(first[0]) if len(first) else None, state)


def _diverging_step(
    largest: NDArray[np.float64], movement: Trend, tolerance: float | None
) -> int | None:
    if tolerance is None:
        if not movement.kind.grows:
            return None
        early = largest[: max(1, len(largest) // 4)]
        tolerance = DIVERGED * float(np.median(early))
    within = np.flatnonzero(~(largest > tolerance))
    step = int(within[-1]) + 1 if len(within) else 0
    return step if step < len(largest) else None
