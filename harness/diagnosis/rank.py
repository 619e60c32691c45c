"""Rank the suspects by what they leave unexplained, and say the result in a sentence.

Two signs come before the suspects, because no suspect may be believed on them: a reference that
differs from itself when run again, and differences of no more than two LSB, which kernel variants
make by rounding. A suspect is believed if it leaves at most a quarter of the difference or what
noise (quantisation) explains. Among those that leave about equally little, one with fewer figures
to fit is preferred: a fit can imitate much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.comparison.wording import number
from harness.diagnosis.case import Case, forward
from harness.diagnosis.fit import Explanation, residual
from harness.diagnosis.suspects import SUSPECTS, Suspect

LEAVES_AT_MOST = 0.25
AS_GOOD = 1.25
ROUNDING_LSB = 2.0
SEQUENCES = 64  # as many as are looked at: the first ones, in their order
FEW = 12  # looked at alone if nothing explains all: a state that leaks adds up its rounding

NOT_DETERMINISTIC = Suspect(
    25, "reference is not deterministic", lambda *_: None,
    "Fix the resolver, the number of threads and the seed of the reference, and record them.",
)  # fmt: skip
KERNEL_VARIANTS = Suspect(
    22, "kernel variants round differently", lambda *_: None,
    "Compare with desktop TFLM, not TFLite; allow as many LSB as the kernel library documents.",
)  # fmt: skip


@dataclass(frozen=True)
class Ranked:
    """A suspect with its best explanation; `explains` is the share of the difference (0 to 1)."""

    suspect: Suspect
    explanation: Explanation
    explains: float


@dataclass(frozen=True)
class Diagnosis:
    """`best` is None if nothing differs or no suspect is believed; `rivals` explain as much.

    `difference` is the RMS between observed and expected outputs.
    """

    difference: float
    best: Ranked | None
    rivals: tuple[Ranked, ...]
    ranking: tuple[Ranked, ...]
    sentence: str


def diagnose(
    case: Case,
    observed: NDArray[Any],
    *,
    lsb: float = 0.0,
    reference: NDArray[Any] | None = None,
    reference_again: NDArray[Any] | None = None,
) -> Diagnosis:
    """Which mistake turns `forward(case)` into `observed` (of the same shape).

    `lsb` is the scale of quantised outputs. `reference` and `reference_again` are two runs of
    what the device is compared with, if there are.
    """
    if reference is not None and reference_again is not None:
        apart = residual(np.asarray(reference, np.float64), reference_again)
        if apart > 0.0:
            return _certain(NOT_DETERMINISTIC, apart, "two runs of it differ by RMS")
    if not np.all(np.isfinite(observed)):
        return _nothing(float("inf"), "The outputs hold values that are not finite.")
    expected = forward(case)
    if expected.shape != observed.shape:
        raise ValueError(f"observed outputs {observed.shape}, expected {expected.shape}")
    target = np.asarray(observed, np.float64)
    difference = residual(expected, target)
    if difference == 0.0:
        return _nothing(0.0, "Nothing differs.")
    largest = float(np.abs(expected - target).max())
    if lsb and largest <= ROUNDING_LSB * lsb:
        return _certain(KERNEL_VARIANTS, largest, f"no difference is above {ROUNDING_LSB:g} LSB;")
    found = _suspected(case.first(SEQUENCES), target[:SEQUENCES], noise=lsb)
    if found.best is None and len(target) > FEW:
        early = _suspected(case.first(FEW), target[:FEW], noise=lsb)
        if early.best is not None:
            text = f"{early.sentence} (Judged on the first {FEW} sequences.)"
            return replace(early, sentence=text)
    return found


def _suspected(case: Case, target: NDArray[Any], *, noise: float) -> Diagnosis:
    difference = residual(forward(case), target)
    if difference == 0.0:
        return _nothing(0.0, "Nothing differs in the first sequences.")
    found = []
    for suspect in SUSPECTS:
        explanation = suspect.explain(case, target)
        if explanation is not None:
            explains = 1.0 - (explanation.residual / difference) ** 2
            found.append(Ranked(suspect, explanation, max(0.0, explains)))
    return _judged(found, difference, noise=noise)


def _judged(found: list[Ranked], difference: float, *, noise: float) -> Diagnosis:
    ranking = tuple(sorted(found, key=lambda item: item.explanation.residual))
    least = ranking[0].explanation.residual
    if least > max(LEAVES_AT_MOST * difference, min(noise, 0.5 * difference)):
        text = (
            f"No suspect explains the difference (RMS {number(difference)}); the nearest,"
            f" {ranking[0].suspect.name} ({ranking[0].explanation.detail}), leaves"
            f" {number(least)}."
        )
        return Diagnosis(difference, None, (), ranking, text)
    as_good = [
        item for item in ranking if item.explanation.residual <= AS_GOOD * least + 1e-9 * difference
    ]
    as_good.sort(key=lambda item: (item.explanation.parameters, item.suspect.number))
    best = as_good[0]
    # figures that were fitted can imitate a mistake that has none: that is no rival of it
    fitted = best.explanation.parameters
    rivals = tuple(item for item in as_good[1:] if item.explanation.parameters <= fitted)
    return Diagnosis(difference, best, rivals, ranking, _sentence(best, rivals, difference))


def _sentence(best: Ranked, rivals: tuple[Ranked, ...], difference: float) -> str:
    name = best.suspect.name
    text = (
        f"{name[:1].upper()}{name[1:]}: {best.explanation.detail}. This explains"
        f" {best.explains:.1%} of the difference (RMS {number(difference)}, left"
        f" {number(best.explanation.residual)})."
    )
    if rivals:
        names = ", ".join(f"{item.suspect.name} ({item.explanation.detail})" for item in rivals)
        text += f" These sequences cannot tell it from: {names}."
    return f"{text} {best.suspect.remedy}"


def _certain(suspect: Suspect, size: float, why: str) -> Diagnosis:
    explanation = Explanation(f"{why} {number(size)}", 0.0)
    best = Ranked(suspect, explanation, 1.0)
    name = suspect.name[:1].upper() + suspect.name[1:]
    return Diagnosis(size, best, (), (best,), f"{name}: {explanation.detail}. {suspect.remedy}")


def _nothing(size: float, text: str) -> Diagnosis:
    return Diagnosis(size, None, (), (), text)
