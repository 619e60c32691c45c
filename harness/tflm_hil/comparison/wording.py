"""The verdict of a ladder as a sentence that needs no manual."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tflm_hil.comparison.limits import Limit

if TYPE_CHECKING:
    from tflm_hil.comparison.ladder import Check, RungDelta

TITLES = {
    "cells": "the cell equations",
    "keras": "Keras",
    "tflite": "TFLite",
    "tflm": "desktop TFLM",
    "device": "the device",
}

# What can differ between a rung and the one before it.
CAUSES = {
    "keras": "an activation, a gate order or a weight that the two read differently",
    "tflite": "conversion or quantisation",
    "tflm": "the runtime's kernels",
    "device": "compiler, kernel library, state or memory on the target",
}

MEASURES = {
    "max_abs": "the largest difference",
    "mean_abs": "the mean difference",
    "rmse": "the RMS difference",
    "cosine": "the cosine similarity",
    "max_lsb": "the largest difference",
    "differing": "the count of differing values",
    "argmax_agreement": "the share of equal decisions",
    "accuracy": "the accuracy",
    "label_rmse": "the RMS error to the true values",
}


def title(rung: str) -> str:
    """How a person calls a rung."""
    return TITLES.get(rung, rung)


def number(value: float) -> str:
    """Four significant digits; counts in full."""
    return f"{value:.0f}" if math.isfinite(value) and value.is_integer() else f"{value:.4g}"


def short(value: float) -> str:
    """Two significant digits: a size, where the third says nothing. From 100 on, whole numbers."""
    return f"{value:,.0f}" if 100 <= abs(value) < 1e6 else f"{value:.2g}"


def failure_sentence(deltas: Sequence[RungDelta], culprit: RungDelta, check: Check) -> str:
    """Where the error enters, by how much, and what it can come from."""
    limit = check.limit
    value = culprit.measure(limit.measure)
    unit = "" if limit.unit in ("1", "output", "values") else f" {limit.unit}"
    measured = f"{MEASURES[limit.measure]} is {number(check.value if value is None else value)}"
    measured += f"{unit}, {_wanted(limit, check.value)}"
    if limit.measure in ("accuracy", "label_rmse"):
        kept = _neighbours_agree(deltas, culprit)
        place = f"The error enters at {title(culprit.name)}: {measured}"
        return f"{place}{kept}."
    place = f"The error enters between {title(culprit.against)} and {title(culprit.name)}"
    cause = CAUSES.get(culprit.name)
    hint = f" Possible causes: {cause}." if cause else ""
    return f"{place}: {measured}{_where(culprit)}.{hint}"


def pass_sentence(deltas: Sequence[RungDelta]) -> str:
    """How close the last rung is, and where most of the error of the ladder comes from."""
    last = deltas[-1]
    metrics = last.metrics
    if metrics is None:
        return f"Only {title(last.name)} was run; there is nothing to compare it with."
    ours, theirs = _capital(title(last.name)), title(last.against)
    if metrics.differing == 0:
        first = f"{ours} equals {theirs} in all {metrics.values} values"
    elif metrics.max_lsb is not None:
        first = (
            f"{ours} differs from {theirs} by at most {metrics.max_lsb} LSB"
            f" in {metrics.differing} of {metrics.values} values"
        )
    else:
        first = f"{ours} differs from {theirs} by at most {number(metrics.max_abs)}"
    others = [rung for rung in deltas[:-1] if rung.max_abs]
    if not others:
        return f"{first}."
    largest = max(others, key=lambda rung: rung.max_abs or 0.0)
    if (largest.max_abs or 0.0) <= metrics.max_abs:
        return f"{first}, the largest step of the ladder."
    return (
        f"{first}; the largest step of the ladder, {number(largest.max_abs or 0.0)}, is from"
        f" {title(largest.against)} to {title(largest.name)}."
    )


def _wanted(limit: Limit, value: float) -> str:
    """The bound that is broken, in words."""
    unit = "" if limit.unit in ("1", "output", "values") else f" {limit.unit}"
    if limit.maximum is not None and not value <= limit.maximum:
        return f"allowed are at most {limit.maximum:g}{unit}"
    return f"required are at least {limit.minimum:g}{unit}"


def _where(rung: RungDelta) -> str:
    """The worst sequence and the first differing step, where known."""
    metrics = rung.metrics
    if metrics is None or metrics.worst is None:
        return ""
    place = f" (worst in sequence {metrics.worst[0]}"
    if metrics.first_differing_step is not None:
        place += f", first difference at step {metrics.first_differing_step}"
    broken = f", {metrics.nonfinite} values are not finite" if metrics.nonfinite else ""
    return f"{place}{broken})"


def _neighbours_agree(deltas: Sequence[RungDelta], culprit: RungDelta) -> str:
    """For a lost accuracy: what the rung before had."""
    position = list(deltas).index(culprit)
    if position == 0:
        return ", before anything was converted"
    before = deltas[position - 1]
    if before.accuracy is None or culprit.accuracy is None:
        return ""
    return f"; {title(before.name)} still has {number(before.accuracy)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
