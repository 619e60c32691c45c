"""Differences between two rungs, and of one rung to the labels.

Numbers that are not finite: the same one on both sides (NaN counts as equal to NaN) is no
difference; on one side only it is an infinite one. So a NaN can never hide in a mean, and a
model that is meant to give infinity can still be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.errors import ComparisonError

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Metrics:
    """How far `rung` is from `against`, over all values.

    Units: `max_abs`, `mean_abs`, `rmse` and `step_max_abs` as the outputs (probabilities for a
    classifier); `cosine` and `argmax_agreement` 1; `max_lsb` and the histogram LSB, None unless
    both rungs are integers. `lsb_histogram` holds pairs (|Δ| in LSB, count), zero included.
    `max_rel` is `max_abs` divided by the largest |output| of `against`, where that is above 1.
    `worst` is the index of the largest difference, `worst[0]` its sequence; None if there is
    none. `step_max_abs` has one entry a step, `first_differing_step` counts from 0.
    """

    max_abs: float
    max_rel: float
    mean_abs: float
    rmse: float
    cosine: float
    argmax_agreement: float | None
    differing: int
    values: int
    nonfinite: int
    worst: tuple[int, ...] | None
    max_lsb: int | None = None
    lsb_histogram: tuple[tuple[int, int], ...] | None = None
    step_max_abs: tuple[float, ...] | None = None
    first_differing_step: int | None = None


def compare(rung: RungOutputs, against: RungOutputs) -> Metrics:
    """All metrics; raises `ComparisonError` if the two cannot be compared."""
    _check_comparable(rung, against)
    delta = _absolute_difference(rung.values, against.values)
    levels = _levels(rung, against)
    differs = levels != 0 if levels is not None else delta != 0
    differing = int(np.count_nonzero(differs))
    steps = _by_step(delta) if rung.per_step else None
    changed = _by_step(differs.astype(np.float64)) if rung.per_step else None
    return Metrics(
        max_abs=float(delta.max()),
        max_rel=float(delta.max()) / max(1.0, _largest(against.values)),
        mean_abs=float(delta.mean()),
        rmse=float(np.sqrt(np.mean(np.square(delta)))),
        cosine=_cosine(rung.values, against.values),
        argmax_agreement=_argmax_agreement(rung.values, against.values),
        differing=differing,
        values=delta.size,
        nonfinite=int(np.count_nonzero(~np.isfinite(rung.values))),
        worst=_worst(delta) if differing else None,
        max_lsb=None if levels is None else int(levels.max()),
        lsb_histogram=None if levels is None else _histogram(levels),
        step_max_abs=None if steps is None else tuple(float(value) for value in steps),
        first_differing_step=_first(changed),
    )


def accuracy(values: NDArray[np.float32], labels: NDArray[Any]) -> float:
    """Share of labels that the largest output names.

    Labels `[N]` for outputs `[N, C]` or, judged at the last step, `[N, T, C]`; labels `[N, T]`
    for every step. An output that is not finite names no label.
    """
    if values.ndim == 3 and labels.ndim == 1:
        values = values[:, -1]
    if values.shape[:-1] != labels.shape:
        raise ComparisonError(
            f"labels of shape {labels.shape} do not fit outputs of shape {values.shape}",
            remedy="give one label a sequence, or one a step",
        )
    right = np.argmax(values, axis=-1) == labels
    return float(np.mean(right & np.all(np.isfinite(values), axis=-1)))


def label_rmse(values: NDArray[np.float32], labels: NDArray[Any]) -> float:
    """Root of the mean squared error to the true values; the unit is that of the output."""
    if values.ndim == 3 and labels.size == values[:, -1].size:
        values = values[:, -1]
    if values.size != labels.size or len(values) != len(labels):
        raise ComparisonError(
            f"labels of shape {labels.shape} do not fit outputs of shape {values.shape}",
            remedy="give one true value an output",
        )
    error = values.astype(np.float64).reshape(-1) - labels.astype(np.float64).reshape(-1)
    return float(np.sqrt(np.mean(np.square(error))))


def _check_comparable(rung: RungOutputs, against: RungOutputs) -> None:
    if rung.values.shape != against.values.shape:
        raise ComparisonError(
            f"outputs of shape {rung.values.shape} against {against.values.shape}",
            remedy="run the same sequences on both rungs, and return the same steps",
        )
    if rung.integer and against.integer:
        ours = (np.float32(rung.scale), rung.zero_point)
        theirs = (np.float32(against.scale), against.zero_point)
        if ours != theirs:
            raise ComparisonError(
                f"integer outputs with scale {ours[0]:g}, zero point {ours[1]} against scale"
                f" {theirs[0]:g}, zero point {theirs[1]}: not the same model",
                remedy="check that both rungs run the same .tflite",
            )


def _absolute_difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        delta = np.abs(a.astype(np.float64) - b.astype(np.float64))
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    delta[~np.isfinite(delta)] = np.inf
    delta[same] = 0.0
    return delta


def _largest(values: NDArray[np.float32]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max()) if finite.size else 0.0


def _levels(rung: RungOutputs, against: RungOutputs) -> NDArray[np.int64] | None:
    """|Δ| in LSB of every value, if both rungs are integers."""
    if rung.stored is None or against.stored is None:
        return None
    return np.abs(rung.stored.astype(np.int64) - against.stored.astype(np.int64))


def _histogram(levels: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    found, counts = np.unique(levels, return_counts=True)
    return tuple((int(level), int(count)) for level, count in zip(found, counts, strict=True))


def _cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Of all outputs as one vector each; NaN if any is not finite."""
    x, y = a.astype(np.float64).reshape(-1), b.astype(np.float64).reshape(-1)
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        return float("nan")
    norm = float(np.linalg.norm(x)) * float(np.linalg.norm(y))
    if norm == 0.0:
        return 1.0 if np.array_equal(x, y) else 0.0
    return float(min(1.0, np.dot(x, y) / norm))


def _argmax_agreement(a: NDArray[np.float32], b: NDArray[np.float32]) -> float | None:
    """Share of output vectors whose largest element is the same; None for a single output."""
    if a.shape[-1] < 2:
        return None
    return float(np.mean(np.argmax(a, axis=-1) == np.argmax(b, axis=-1)))


def _worst(delta: NDArray[np.float64]) -> tuple[int, ...]:
    return tuple(int(index) for index in np.unravel_index(int(np.argmax(delta)), delta.shape))


def _by_step(delta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest entry of each step over all sequences."""
    largest: NDArray[np.float64] = np.moveaxis(delta, 1, 0).reshape(delta.shape[1], -1).max(axis=1)
    return largest


def _first(changed: NDArray[np.float64] | None) -> int | None:
    if changed is None or not changed.any():
        return None
    return int(np.argmax(changed != 0))
