"""How well a changed case explains what was observed, and fitting the changes that have figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.explain.case import Case, Change, forward
from tflm_hil.references.equations.cells import Array

Observed = NDArray[Any]
Vector = NDArray[np.float64]
Make = Callable[[Vector], Case]
ITERATIONS = 25
NAMED = 3  # of changes that predict the same


@dataclass(frozen=True)
class Explanation:
    """A change in words, what it leaves unexplained (RMS), and how many figures were fitted.

    `departure` is how far the fitted figures are from a network that works: 0.02 for a scale that
    is off by 2 %.
    """

    detail: str
    residual: float
    parameters: int = 0
    departure: float = float("inf")


def residual(predicted: Array, observed: Observed) -> float:
    """RMS of the difference; infinite if the shapes differ or a prediction is not finite."""
    if predicted.shape != observed.shape or not np.all(np.isfinite(predicted)):
        return float("inf")
    return float(np.sqrt(np.mean(np.square(predicted - observed))))


def best_of(changes: Iterable[tuple[str, Case]], observed: Observed) -> Explanation | None:
    """The change that leaves least, None if there is none; others that predict the same are
    mentioned."""
    tried = [Explanation(detail, residual(forward(case), observed)) for detail, case in changes]
    if not tried:
        return None
    least = min(item.residual for item in tried)
    first, *same = [item.detail for item in tried if item.residual <= least * (1 + 1e-9)]
    if not same:
        return Explanation(first, least)
    more = ", …" if len(same) > NAMED else ""
    others = ", ".join(same[:NAMED]) + more
    return Explanation(f"{first} (or {others}: these sequences cannot tell)", least)


def fitted_everywhere(
    case: Case,
    change: Callable[[Vector], Change],
    starts: Iterable[tuple[float, ...]],
    observed: Observed,
    describe: Callable[[Vector], str],
    departure: Callable[[Vector], float],
) -> Explanation | None:
    """The best fit of a change with figures in all layers or in one; None if it touches none."""
    begin = list(starts)
    labels = [label for label, _ in case.everywhere(change(np.array(begin[0])))]
    explanations = []
    for place, label in enumerate(labels):

        def make(p: Vector, place: int = place) -> Case:
            return list(case.everywhere(change(p)))[place][1]

        def words(p: Vector, label: str = label) -> str:
            return describe(p) + label

        explanations.append(fitted(make, begin, observed, words, departure))
    return min(explanations, key=lambda item: item.residual, default=None)


def fitted(
    make: Make,
    starts: Iterable[tuple[float, ...]],
    observed: Observed,
    describe: Callable[[Vector], str],
    departure: Callable[[Vector], float],
) -> Explanation:
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
        left = residual(forward(make(parameters + move)), observed)
        if left < error:
            done = error - left < 1e-6 * error
            parameters, error, damping = parameters + move, left, damping / 4
            if done:
                break
        else:
            damping *= 8
            if damping > 1e6:
                break
    return Explanation(describe(parameters), error, len(parameters), departure(parameters))


def from_identity(p: Vector) -> float:
    """How far p[0]·x + p[1] is from x, for an x of about 1."""
    return float(np.abs([p[0] - 1.0, *p[1:]]).max())
