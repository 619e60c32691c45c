"""What can go wrong with the input on its way to the network.

Each function gives the best explanation that its mistake can give, None where the case has
nothing that it could touch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.diagnosis.case import Case
from harness.diagnosis.fit import Explanation, Observed, Vector, best_of, fitted

LAGS = (1, -1, 2, -2)
# of bytes and of 16 bit samples
USUAL_SCALES = (255.0, 1 / 255, 128.0, 1 / 128, 32768.0, 1 / 32768)


def range_too_narrow(case: Case, observed: Observed) -> Explanation | None:
    """Inputs beyond the calibrated range saturate."""
    size = float(np.abs(case.inputs).max())
    starts = [(share * size,) for share in (0.15, 0.3, 0.5, 0.7, 0.85)]

    def make(p: Vector) -> Case:
        return replace(case, inputs=np.clip(case.inputs, -abs(p[0]), abs(p[0])))

    return fitted(make, starts, observed, lambda p: f"inputs saturate at ±{abs(p[0]):.3g}")


def normalisation(case: Case, observed: Observed) -> Explanation | None:
    """The input is a·x + b instead of x."""

    def make(p: Vector) -> Case:
        return replace(case, inputs=p[0] * case.inputs + p[1])

    mean, spread = float(case.inputs.mean()), float(case.inputs.std()) or 1.0
    scales = (0.1, 0.5, 1.0, 2.0, spread, 1 / spread, *USUAL_SCALES)
    starts = [(a, b) for a in scales for b in (0.0, mean, -mean)]
    return fitted(make, starts, observed, lambda p: f"the device saw {p[0]:.3g}·x {p[1]:+.3g}")


def feature_order(case: Case, observed: Observed) -> Explanation | None:
    """The elements of a step are in another place."""
    x = np.asarray(case.inputs)
    features = x.shape[2]
    flat = x.reshape(len(x), -1)

    def changes() -> Iterator[tuple[str, NDArray[Any]]]:
        if features > 1:
            yield "features reversed", x[:, :, ::-1]
            for shift in range(1, features):
                yield f"features rotated by {shift}", np.roll(x, shift, axis=2)
                late = np.roll(flat, shift, axis=1).reshape(x.shape)
                yield f"all elements {shift} places late (stride or header)", late
        if features % 2 == 0:
            pairs = x.reshape(*x.shape[:2], features // 2, 2)[..., ::-1].reshape(x.shape)
            yield "neighbouring features exchanged (byte order)", pairs

    return best_of(((text, replace(case, inputs=y)) for text, y in changes()), observed)


def step_shifted(case: Case, observed: Observed) -> Explanation | None:
    """The sequence is read one or two steps early or late, or backwards."""
    x = np.asarray(case.inputs)

    def changes() -> Iterator[tuple[str, NDArray[Any]]]:
        for lag in LAGS:
            if abs(lag) >= case.steps:
                continue
            moved = np.roll(x, lag, axis=1)
            hole = slice(0, lag) if lag > 0 else slice(lag, None)
            direction = f"{abs(lag)} step{'s' * (abs(lag) > 1)} {'late' if lag > 0 else 'early'}"
            for filled, value in (("zero", 0.0), ("the edge", x[:, :1] if lag > 0 else x[:, -1:])):
                copy = moved.copy()
                copy[:, hole] = value
                yield f"{direction}, filled with {filled}", copy
            yield f"{direction}, the rest comes round", moved
        yield "in reversed order", x[:, ::-1]

    return best_of(((text, replace(case, inputs=y)) for text, y in changes()), observed)


def time_major(case: Case, observed: Observed) -> Explanation | None:
    """Memory is read with time and features exchanged."""
    x = np.asarray(case.inputs)
    count, steps, features = x.shape
    if features == 1:
        return None
    changes = [
        ("[features, time] is read as [time, features]",
         x.transpose(0, 2, 1).reshape(count, steps, features)),
        ("[time, features] is read as [features, time]",
         x.reshape(count, features, steps).transpose(0, 2, 1)),
    ]  # fmt: skip
    return best_of([(text, replace(case, inputs=y)) for text, y in changes], observed)


def mask_ignored(case: Case, observed: Observed) -> Explanation | None:
    """Padding is treated as data, or stands at the other end."""
    if case.mask is None:
        return None
    moved = np.zeros_like(np.asarray(case.inputs))
    mask = np.zeros_like(case.mask)
    for row, (x, real) in enumerate(zip(case.inputs, case.mask, strict=True)):
        length = int(real.sum())
        place = slice(0, length) if not real[0] else slice(case.steps - length, None)
        moved[row, place], mask[row, place] = x[real], True
    changes = [
        ("padding runs as data", replace(case, mask=None)),
        ("padding stands at the other end", replace(case, inputs=moved, mask=None)),
    ]
    return best_of(changes, observed)
