"""How well a changed case explains what was observed, and fitting the changes that have figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.explain.case import Case, Change, forward
from tflm_hil.references.equations.cells import Array
from tflm_hil.report.mistakes import How, Mistake

Observed = NDArray[Any]
Vector = NDArray[np.float64]
Make = Callable[[Vector], Case]
ITERATIONS = 25


@dataclass(frozen=True)
class Fit:
    """A mistake, what it leaves unexplained (RMS), and how many figures were fitted.

    `departure` is how far the fitted figures are from a network that works: 0.02 for a scale that
    is off by 2 %. Mistakes in `alike` predict the same.
    """

    mistake: Mistake
    residual: float
    parameters: int = 0
    departure: float = float("inf")
    alike: tuple[Mistake, ...] = ()


def residual(predicted: Array, observed: Observed) -> float:
    """RMS of the difference; infinite if the shapes differ or a prediction is not finite."""
    if predicted.shape != observed.shape or not np.all(np.isfinite(predicted)):
        return float("inf")
    return float(np.sqrt(np.mean(np.square(predicted - observed))))


def best_of(changes: Iterable[tuple[Mistake, Case]], observed: Observed) -> Fit | None:
    """The mistake that leaves least, with those that predict the same; None if there is none."""
    tried = [(mistake, residual(forward(case), observed)) for mistake, case in changes]
    if not tried:
        return None
    least = min(left for _, left in tried)
    best, *alike = [mistake for mistake, left in tried if left <= least * (1 + 1e-9)]
    return Fit(best, least, alike=tuple(alike))


def fitted_everywhere(
    case: Case,
    change: Callable[[Vector], Change],
    starts: Iterable[tuple[float, ...]],
    observed: Observed,
    describe: Callable[[Vector], How],
    departure: Callable[[Vector], float],
) -> Fit | None:
    """The best fit of a change with figures in all layers or in one; None if it touches none."""
    begin = list(starts)
    places = [layers for layers, _ in case.everywhere(change(np.array(begin[0])))]
    fits = []
    for place, layers in enumerate(places):

        def make(p: Vector, place: int = place) -> Case:
            return list(case.everywhere(change(p)))[place][1]

        fit = fitted(make, begin, observed, describe, departure)
        fits.append(replace(fit, mistake=replace(fit.mistake, layers=layers)))
    return min(fits, key=lambda fit: fit.residual, default=None)


def fitted(
    make: Make,
    starts: Iterable[tuple[float, ...]],
    observed: Observed,
    describe: Callable[[Vector], How],
    departure: Callable[[Vector], float],
) -> Fit:
    """The figures that explain most, by Levenberg's and Marquardt's method from the best start."""
    scored = [(residual(forward(make(np.array(s))), observed), s) for s in starts]
    error, start = min(scored)
    parameters = np.array(start, np.float64)
    damping = 1e-3
    for _ in range(ITERATIONS if np.isfinite(error) else 0):
        base = (forward(make(parameters)) - observed).reshape(-1)
        jacobian = np.stack(
            [
                ((forward(make(parameters + nudge)) - observed).reshape(-1) - base) / nudge.sum()
                for nudge in np.diag(1e-5 * np.maximum(1.0, np.abs(parameters)))
            ],
            axis=1,
        )
        normal = jacobian.T @ jacobian
        if not np.all(np.isfinite(normal)):
            break
        lever = damping * (np.diag(normal).max() + 1e-12) * np.eye(len(parameters))
        move = np.linalg.solve(normal + lever, -jacobian.T @ base)
        moved = residual(forward(make(parameters + move)), observed)
        if moved < error:
            done = error - moved < 1e-6 * error
            parameters, error, damping = parameters + move, moved, damping / 4
            if done:
                break
        else:
            damping *= 8
            if damping > 1e6:
                break
    mistake = Mistake(describe(parameters))
    return Fit(mistake, error, len(parameters), departure(parameters))


def from_identity(p: Vector) -> float:
    """How far p[0]·x + p[1] is from x, for an x of about 1."""
    return float(np.abs([p[0] - 1.0, *p[1:]]).max())
