"""Drift: how the error between two rungs moves over the steps of long sequences.

    for drift in drifts({"keras": k, "tflite": t, "tflm": m, "device": d}):
        print(drift.sentence)

A recurrent network feeds its own error back. Whether that error stays bounded, grows in
proportion to the steps, or diverges is a property of its state, and a short test cannot see it.
How the three are told apart is in `tflm_hil.comparison.trend`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.comparison.trend import Trend, trend
from tflm_hil.comparison.wording import short, title
from tflm_hil.errors import ComparisonError

# An error this many times above that of the first quarter of the steps has left its bounds.
DIVERGED = 3.0

# An error of this share of the reference's own standard deviation leaves nothing to go by.
LOST = 0.5


@dataclass(frozen=True)
class Saturation:
    """Quantised elements at an end of their type's range: what is beyond is lost.

    `first_step` is None if there is none.
    """

    count: int
    values: int
    first_step: int | None

    def sentence(self, subject: str, per: str = "step") -> str:
        """In words; empty if there is none."""
        if not self.count:
            return ""
        return (
            f"{subject}: {self.count:,} of {self.values:,} values ({self.count / self.values:.2%})"
            f" are at an end of their range, first at {per} {self.first_step}."
        )


@dataclass(frozen=True)
class Drift:
    """One rung `against` the one before, step by step.

    `max_abs` and `rms` have one entry a step, over all sequences and outputs, in the unit of the
    output; the trend is that of `rms`. `first_differing_step` counts from 0, None if all is
    equal. `first_diverging_step` is the first step from which on the error exceeds the tolerance
    that was given, or else, where the error grows, three times its level in the first quarter;
    None if that never happens. `saturation` is that of the rung, None for floats.
    """

    name: str
    against: str
    sequences: int
    max_abs: tuple[float, ...]
    rms: tuple[float, ...]
    trend: Trend
    first_differing_step: int | None
    first_diverging_step: int | None
    saturation: Saturation | None
    sentence: str


def drifts(
    rungs: Mapping[str, RungOutputs], *, tolerance: float | None = None, per: str = "step"
) -> tuple[Drift, ...]:
    """Each rung against the one before. Raises `ComparisonError`, see `drift`."""
    names = list(rungs)
    return tuple(
        drift(name, rungs[name], before, rungs[before], tolerance=tolerance, per=per)
        for before, name in pairwise(names)
    )


def drift(
    name: str,
    outputs: RungOutputs,
    against: str,
    reference: RungOutputs,
    *,
    tolerance: float | None = None,
    per: str = "step",
) -> Drift:
    """The drift of one rung. `tolerance` (unit of the output) says what counts as diverged, `per`
    what axis 1 counts ("window" where one Invoke is many steps).

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
    error = _error(outputs.values, reference.values)
    steps = np.moveaxis(error, 1, 0).reshape(error.shape[1], -1)
    largest = steps.max(axis=1)
    rms = np.sqrt(np.mean(np.square(steps), axis=1))
    found = trend(rms)
    differing = np.flatnonzero(largest)
    saturation = saturated(outputs)
    diverging = _diverging_step(largest, found, tolerance)
    first = int(differing[0]) if len(differing) else None
    lost = found.level >= LOST * float(np.std(reference.values)) > 0
    return Drift(
        name=name,
        against=against,
        sequences=len(outputs),
        max_abs=tuple(float(value) for value in largest),
        rms=tuple(float(value) for value in rms),
        trend=found,
        first_differing_step=first,
        first_diverging_step=diverging,
        saturation=saturation,
        sentence=_sentence(name, against, largest, found, first, diverging, per, lost=lost),
    )


def saturated(outputs: RungOutputs) -> Saturation | None:
    """Elements of integer outputs at an end of the range; axis 1 counts the steps."""
    if outputs.stored is None:
        return None
    limits = np.iinfo(outputs.stored.dtype)
    ends = (outputs.stored == limits.min) | (outputs.stored == limits.max)
    by_step = ends.any(axis=(0, *range(2, ends.ndim))) if outputs.per_step else ends.any(keepdims=1)
    first = np.flatnonzero(by_step)
    return Saturation(int(ends.sum()), ends.size, int(first[0]) if len(first) else None)


def _error(a: NDArray[np.float32], b: NDArray[Any]) -> NDArray[np.float64]:
    """|Δ|; infinite where one side is not a number."""
    with np.errstate(invalid="ignore"):
        error = np.abs(a.astype(np.float64) - b.astype(np.float64))
    error[~np.isfinite(error)] = np.inf
    error[(a == b) | (np.isnan(a) & np.isnan(b))] = 0.0
    return error


def _diverging_step(
    largest: NDArray[np.float64], found: Trend, tolerance: float | None
) -> int | None:
    if tolerance is None:
        if found.kind not in ("linear", "diverging"):
            return None
        early = largest[: max(1, len(largest) // 4)]
        tolerance = DIVERGED * float(np.median(early))
    within = np.flatnonzero(~(largest > tolerance))
    step = int(within[-1]) + 1 if len(within) else 0
    return step if step < len(largest) else None


def _sentence(
    name: str,
    against: str,
    largest: NDArray[np.float64],
    found: Trend,
    first: int | None,
    diverging: int | None,
    per: str,
    *,
    lost: bool,
) -> str:
    pair = f"{title(name)} against {title(against)}"
    pair = pair[:1].upper() + pair[1:]
    if first is None:
        text = f"{pair}: no difference in {len(largest)} {per}s"
    else:
        text = (
            f"{pair}: first difference at {per} {first}, at most {short(float(largest.max()))}"
            f" in {len(largest)} {per}s; {_movement(found, per)}"
        )
    if diverging is not None and first is not None:
        text += f", beyond its bounds from {per} {diverging} on"
    if lost and first is not None:
        text += ", as large as the outputs vary"
    return f"{text}."


def _movement(found: Trend, per: str) -> str:
    level = f"RMS {short(found.level)} in the second half"
    if found.kind == "too short":
        return f"too few {per}s to tell a drift"
    if found.kind == "bounded":
        if found.jump_step is not None:
            return f"the error is bounded but jumps at {per} {found.jump_step} ({level})"
        return f"the error is bounded ({level})"
    if found.kind == "linear":
        return f"the error grows linearly, by {short(1000 * found.slope)} in 1000 {per}s ({level})"
    if found.doubling_steps is None:
        return f"the error diverges ({level})"
    return f"the error diverges, doubling every {short(found.doubling_steps)} {per}s ({level})"
