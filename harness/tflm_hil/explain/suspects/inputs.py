"""What can go wrong with the input on its way to the network.

Each function gives the best explanation that its mistake can give, None where the case has
nothing that it could touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.explain.case import Case, forward
from tflm_hil.explain.fit import Fit, Observed, Vector, best_of, fitted
from tflm_hil.references.equations.cells import Activation, Array, Layer, States, function_of
from tflm_hil.references.equations.network import Part, Recurrent
from tflm_hil.report.mistakes import (
    CalibratedWithin,
    ElementsLate,
    FeaturesRotated,
    Fill,
    How,
    InputsBounded,
    InputScaled,
    Mistake,
    Shifted,
    Way,
)

LAGS = (1, -1, 2, -2)
# of bytes and of 16 bit samples
USUAL_SCALES = (255.0, 1 / 255, 128.0, 1 / 128, 32768.0, 1 / 32768)
Range = tuple[float, float]


def range_too_narrow(case: Case, observed: Observed) -> Fit | None:
    """Inputs beyond a bound saturate; or everything does, calibrated with data that was smaller."""
    inputs = np.asarray(case.inputs, np.float64)
    size = float(np.abs(inputs).max())
    shares = (0.15, 0.3, 0.5, 0.7, 0.85)

    def clipped(p: Vector) -> Case:
        return replace(case, inputs=np.clip(inputs, -abs(p[0]), abs(p[0])))

    def narrow(p: Vector) -> CalibratedWithin:
        share = abs(float(p[0]))
        low, high = float(share * inputs.min()), float(share * inputs.max())
        beyond = float(np.mean((inputs < low) | (inputs > high)))
        return CalibratedWithin(low, high, beyond)

    bounded = fitted(
        clipped, [(share * size,) for share in shares], observed,
        lambda p: InputsBounded(abs(float(p[0]))),
        lambda p: 1.0 - abs(p[0]) / size,
    )  # fmt: skip
    calibrated = fitted(
        lambda p: _calibrated(case, abs(float(p[0]))), [(s,) for s in shares], observed, narrow,
        lambda p: 1.0 - abs(p[0]),
    )  # fmt: skip
    return min(bounded, calibrated, key=lambda fit: fit.residual)


def _calibrated(case: Case, share: float) -> Case:
    """Every range as a calibration finds it that sees inputs of `share` of their size."""
    inputs = np.asarray(case.inputs, np.float64)
    watches = [Watch() for _ in case.recurrent]
    small = replace(
        case,
        inputs=share * inputs,
        parts=_hooked(case, [partial(_seen_by, watch) for watch in watches]),
    )
    outputs = forward(small)
    return replace(
        case,
        inputs=np.clip(inputs, share * inputs.min(), share * inputs.max()),
        parts=_hooked(case, [partial(_bounded_by, watch) for watch in watches]),
        output=partial(np.clip, a_min=outputs.min(), a_max=outputs.max()),
    )


class Watch:
    """The ranges of a layer's states, and of what its activations take."""

    def __init__(self) -> None:
        self.states: dict[int, Range] = {}
        self.sums: dict[str, Range] = {}

    def see(self, states: States) -> None:
        """Widen the ranges of the states."""
        for index, state in enumerate(states):
            self.states[index] = _wider(self.states.get(index), state)

    def watched(self, name: str, function: Activation) -> Activation:
        """The function, its argument seen."""

        def call(x: Array) -> Array:
            self.sums[name] = _wider(self.sums.get(name), x)
            return function(x)

        return call

    def bounded(self, name: str, function: Activation) -> Activation:
        """The function, its argument bounded by what was seen."""
        return lambda x: function(np.clip(x, *self.sums[name]))


def _wider(known: Range | None, values: Array) -> Range:
    low, high = float(values.min()), float(values.max())
    return (low, high) if known is None else (min(known[0], low), max(known[1], high))


def _hooked(case: Case, hooks: list[Callable[[Recurrent], Recurrent]]) -> tuple[Part, ...]:
    """The parts, each recurrent layer through its hook."""
    remaining = iter(hooks)
    return tuple(
        next(remaining)(part) if isinstance(part, Recurrent) else part for part in case.parts
    )


def _seen_by(watch: Watch, part: Recurrent) -> Recurrent:
    def state_at(_: int, states: States) -> States:
        watch.see(states)
        return states

    return replace(_with_functions(part, watch.watched), state_at=state_at)


def _bounded_by(watch: Watch, part: Recurrent) -> Recurrent:
    def state_at(_: int, states: States) -> States:
        return tuple(np.clip(item, *watch.states[i]) for i, item in enumerate(states))

    return replace(_with_functions(part, watch.bounded), state_at=state_at)


def _with_functions(part: Recurrent, change: Callable[[str, Activation], Activation]) -> Recurrent:
    def changed(layer: Layer) -> Layer:
        return replace(
            layer,
            activation=change("phi", function_of(layer.activation)),
            recurrent_activation=change("sigma", function_of(layer.recurrent_activation)),
        )

    return part.with_layer(changed)


def normalisation(case: Case, observed: Observed) -> Fit | None:
    """The input is a·x + b instead of x."""

    def make(p: Vector) -> Case:
        return replace(case, inputs=p[0] * case.inputs + p[1])

    mean, spread = float(case.inputs.mean()), float(case.inputs.std()) or 1.0
    scales = (0.1, 0.5, 1.0, 2.0, spread, 1 / spread, *USUAL_SCALES)
    starts = [(a, b) for a in scales for b in (0.0, mean, -mean)]
    return fitted(
        make, starts, observed, lambda p: InputScaled(float(p[0]), float(p[1])),
        lambda p: max(abs(p[0] - 1.0), abs(p[1]) / spread),
    )  # fmt: skip


def feature_order(case: Case, observed: Observed) -> Fit | None:
    """The elements of a step are in another place."""
    x = np.asarray(case.inputs)
    features = x.shape[2]
    flat = x.reshape(len(x), -1)

    def changes() -> Iterator[tuple[How, NDArray[Any]]]:
        if features > 1:
            yield Way.FEATURES_REVERSED, x[:, :, ::-1]
            for shift in range(1, features):
                yield FeaturesRotated(shift), np.roll(x, shift, axis=2)
                yield ElementsLate(shift), np.roll(flat, shift, axis=1).reshape(x.shape)
        if features % 2 == 0:
            pairs = x.reshape(*x.shape[:2], features // 2, 2)[..., ::-1].reshape(x.shape)
            yield Way.FEATURE_PAIRS_EXCHANGED, pairs

    return _best_input(case, changes(), observed)


def step_shifted(case: Case, observed: Observed) -> Fit | None:
    """The sequence is read one or two steps early or late, or backwards."""
    x = np.asarray(case.inputs)

    def changes() -> Iterator[tuple[How, NDArray[Any]]]:
        for lag in LAGS:
            if abs(lag) >= case.steps:
                continue
            moved = np.roll(x, lag, axis=1)
            hole = slice(0, lag) if lag > 0 else slice(lag, None)
            edge = x[:, :1] if lag > 0 else x[:, -1:]
            for fill, value in ((Fill.ZERO, np.zeros_like(edge)), (Fill.EDGE, edge)):
                copy = moved.copy()
                copy[:, hole] = value
                yield Shifted(lag, fill), copy
            yield Shifted(lag, Fill.WRAPPED), moved
            if lag > 0:
                stream = np.roll(x.reshape(-1, x.shape[2]), lag, axis=0).reshape(x.shape)
                stream[0, :lag] = 0
                yield Shifted(lag, Fill.PREVIOUS_SEQUENCE), stream
        yield Way.TIME_REVERSED, x[:, ::-1]

    return _best_input(case, changes(), observed)


def axes_exchanged(case: Case, observed: Observed) -> Fit | None:
    """Memory is read with time and features exchanged."""
    x = np.asarray(case.inputs)
    count, steps, features = x.shape
    if features == 1:
        return None
    features_first = x.transpose(0, 2, 1).reshape(count, steps, features)
    time_first = x.reshape(count, features, steps).transpose(0, 2, 1)
    changes = [
        (Way.FEATURES_READ_AS_TIME, features_first),
        (Way.TIME_READ_AS_FEATURES, time_first),
    ]
    return _best_input(case, changes, observed)


def mask_ignored(case: Case, observed: Observed) -> Fit | None:
    """Padding is treated as data, or stands at the other end."""
    if case.mask is None:
        return None
    moved = np.zeros_like(np.asarray(case.inputs))
    for row, (x, real) in enumerate(zip(case.inputs, case.mask, strict=True)):
        length = int(real.sum())
        place = slice(0, length) if not real[0] else slice(case.steps - length, None)
        moved[row, place] = x[real]
    changes = [(Way.PADDING_AS_DATA, case.inputs), (Way.PADDING_AT_OTHER_END, moved)]
    return _best_input(replace(case, mask=None), changes, observed)


def _best_input(
    case: Case, changes: Iterable[tuple[How, NDArray[Any]]], observed: Observed
) -> Fit | None:
    """The best of several ways in which the inputs may arrive."""
    return best_of(((Mistake(how), replace(case, inputs=x)) for how, x in changes), observed)
