"""Differences between two rungs, and of one rung to the labels.

What numbers that are not finite count for is in `tflm_hil.comparison.difference`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.difference import absolute_difference
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.errors import ComparisonError
from tflm_hil.report.judgement import Rung
from tflm_hil.vocabulary import RungName


def compare(
    outputs: RungOutputs,
    against: RungOutputs,
    *,
    name: RungName = RungName.DEVICE,
    before: RungName = RungName.TFLM,
) -> Rung:
    """All differences of the rung `name` from the one `before`: by default of the device from
    desktop TFLM. Raises `ComparisonError` if the two cannot be compared.
    """
    _check_comparable(outputs, against)
    delta = absolute_difference(outputs.values, against.values)
    levels = _levels(outputs, against)
    differs = levels != 0 if levels is not None else delta != 0
    differing = int(np.count_nonzero(differs))
    return Rung(
        name=name,
        against=before,
        max_abs=float(delta.max()),
        max_rel=float(delta.max()) / max(1.0, _largest(against.values)),
        mean_abs=float(delta.mean()),
        rmse=float(np.sqrt(np.mean(np.square(delta)))),
        cosine=_cosine(outputs.values, against.values),
        argmax_agreement=_argmax_agreement(outputs.values, against.values),
        differing=differing,
        values=delta.size,
        nonfinite=nonfinite(outputs.stored),
        first_nonfinite=first_nonfinite(outputs.stored),
        worst=_worst(delta) if differing else None,
        max_lsb=None if levels is None else int(levels.max()),
        lsb_histogram=None if levels is None else _histogram(levels),
        first_differing_step=_first_step(differs) if outputs.per_step else None,
    )


def nonfinite(stored: NDArray[Any]) -> int:
    """Values that are NaN or infinite."""
    return int(np.count_nonzero(~np.isfinite(stored)))


def first_nonfinite(stored: NDArray[Any]) -> tuple[int, ...] | None:
    """The index of the first of them, its sequence first; None if there is none."""
    places = np.argwhere(~np.isfinite(stored))
    return tuple(int(index) for index in places[0]) if len(places) else None


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


def auc(scores: NDArray[np.float32], labels: NDArray[Any]) -> float | None:
    """Area under the ROC curve of scores `[…]` for labels 0 and 1 `[…]`: the share of pairs of a
    normal and an anomalous one in which the anomalous one has the higher score; equal ones count
    half (Mann-Whitney U). None if there is one kind only; NaN if a score is not finite.
    """
    flat, kinds = scores.reshape(-1).astype(np.float64), labels.reshape(-1)
    high, low = int(np.count_nonzero(kinds == 1)), int(np.count_nonzero(kinds == 0))
    if not high or not low:
        return None
    if not np.all(np.isfinite(flat)):
        return float("nan")
    values, place, counts = np.unique(flat, return_inverse=True, return_counts=True)
    del values
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[kinds == 1].sum() - high * (high + 1) / 2) / (high * low))


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


def _largest(values: NDArray[np.float32]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max()) if finite.size else 0.0


def _levels(rung: RungOutputs, against: RungOutputs) -> NDArray[np.int64] | None:
    """|Δ| in LSB of every value, if both rungs are integers."""
    if not (rung.integer and against.integer):
        return None
    return np.abs(rung.stored.astype(np.int64) - against.stored.astype(np.int64))


def _histogram(levels: NDArray[np.int64]) -> dict[int, int]:
    sizes, counts = np.unique(levels, return_counts=True)
    return {int(size): int(count) for size, count in zip(sizes, counts, strict=True)}


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


def _first_step(differs: NDArray[np.bool_]) -> int | None:
    """The first index of axis 1 at which anything differs."""
    steps = np.moveaxis(differs, 1, 0).reshape(differs.shape[1], -1).any(axis=1)
    return int(np.argmax(steps)) if steps.any() else None
