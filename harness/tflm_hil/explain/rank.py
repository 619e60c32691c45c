"""Rank the suspects by what they leave unexplained, and say the result in a sentence.

Two signs come before the suspects, because no suspect may be believed on them: a reference that
differs from itself when run again, and differences of no more than two LSB, which kernel variants
make by rounding. Then every suspect is asked how much of the difference (RMS) it leaves, and is
believed below a bound:

    a mistake without figures         0.45    quantisation noise stays, chance explains no 80 %
    one with figures that were fitted 0.25    a fit can imitate much; where integers are compared
                                              the figures must also be off by 5 % or more
    one with evidence of its own      0.75    a lint, saturated inputs: it is there for certain

Quantisation alone leaves more than 0.55 of itself to every suspect (measured on the int8 variants
of the zoo, `tests/integration/diagnosis/test_false_alarms.py`). Among those that leave about
equally little, evidence, then fewer figures, then the earlier number count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.explain.case import Case, forward
from tflm_hil.explain.fit import Explanation, residual
from tflm_hil.explain.suspects import SUSPECTS, Suspect
from tflm_hil.report.render.wording import number

LEAVES = 0.45
FITTED_LEAVES = 0.25
FEW_FIGURES = 2  # with more of them a fit has to leave half as little
EVIDENT_LEAVES = 0.75
AS_GOOD = 1.25
ROUNDING_LSB = 2.0
ROUNDED = 0.3  # LSB (RMS) is what rounding to integers leaves: 1 / sqrt(12)
SEQUENCES = 64  # as many as are looked at: the first ones, in their order
DEPARTS = 0.05  # quantisation itself is a scale that is off by one or two per cent
STEPS = 200  # of outputs at every step; a fit over thousands takes minutes
DRIFT = 10  # its evidence may stand for itself
OVERLAP = 21
FEW = 12  # looked at alone if nothing explains all: a state that leaks adds up its rounding; too
# few to fit figures to

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


@dataclass(frozen=True)
class Known:
    """What is known of the two sides besides their outputs.

    `lsb`: scale of quantised outputs. `runtimes`: both sides run the same model, so that rounding
    of kernels is all that may differ. `differs_again`: by how much (RMS) a reference differs from
    itself when run again. `suspects`: numbers of those that come into question, None: all.
    `evidence`: numbers of suspects that show elsewhere, with the sentence.
    """

    lsb: float = 0.0
    runtimes: bool = True
    differs_again: float = 0.0
    suspects: frozenset[int] | None = None
    evidence: Mapping[int, str] = field(default_factory=dict)


def diagnose(case: Case, observed: NDArray[Any], known: Known = Known()) -> Diagnosis:
    """Which mistake turns `forward(case)` into `observed` (of the same shape)."""
    if known.differs_again > 0.0:
        return not_deterministic(known.differs_again)
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
    if known.runtimes and known.lsb and largest <= ROUNDING_LSB * known.lsb:
        why = f"no difference is above {ROUNDING_LSB:g} LSB, the largest is"
        return _certain(KERNEL_VARIANTS, largest, why)
    if expected.ndim > 2 and case.cuttable and case.steps == expected.shape[1] > STEPS:
        case, target = case.first_steps(STEPS), target[:, :STEPS]
    found = _suspected(case.first(SEQUENCES), target[:SEQUENCES], known)
    if found.best is None and len(target) > FEW:
        early = _suspected(case.first(FEW), target[:FEW], known)
        if early.best is not None and not early.best.explanation.parameters:
            text = f"{early.sentence} (Judged on the first {FEW} sequences.)"
            return replace(early, sentence=text)
    return found


def rounding(operator: str, lsb: float) -> Diagnosis:
    """What is to be said where the first operator that differs is off by no more than rounding."""
    return _certain(KERNEL_VARIANTS, lsb, f"given the same, {operator} is off by", " LSB at most")


def overlap() -> Diagnosis:
    """What is to be said where tensors with memory of their own are right, and others are not."""
    suspect = next(item for item in SUSPECTS if item.number == OVERLAP)
    explanation = Explanation("tensors that are needed at the same time overlap in the arena", 0.0)
    text = f"Cause: {suspect.name}: {explanation.detail}.\n  → {suspect.remedy}"
    return Diagnosis(float("nan"), Ranked(suspect, explanation, 1.0), (), (), text)


def not_deterministic(apart: float) -> Diagnosis:
    """What is to be said of a reference that differs from itself by RMS `apart`."""
    return _certain(NOT_DETERMINISTIC, apart, "run twice on the same input, it differs by RMS")


def _suspected(case: Case, target: NDArray[Any], known: Known) -> Diagnosis:
    difference = residual(forward(case), target)
    if difference == 0.0:
        return _nothing(0.0, "Nothing differs in the first sequences.")
    found = []
    for suspect in SUSPECTS:
        if known.suspects is not None and suspect.number not in known.suspects:
            continue
        explanation = suspect.explain(case, target)
        if explanation is not None:
            explains = 1.0 - (explanation.residual / difference) ** 2
            found.append(Ranked(suspect, explanation, max(0.0, explains)))
    return _judged(found, difference, known)


def _judged(found: list[Ranked], difference: float, known: Known) -> Diagnosis:
    ranking = tuple(sorted(found, key=lambda item: item.explanation.residual))
    least = ranking[0].explanation.residual

    def order(item: Ranked) -> tuple[bool, int, int]:
        number = item.suspect.number
        return number not in known.evidence, item.explanation.parameters, number

    believed = [item for item in ranking if _believed(item, difference, known)]
    near = AS_GOOD * least + 1e-9 * difference
    as_good = sorted((i for i in believed if i.explanation.residual <= near), key=order)
    if not as_good:
        # nothing explains it as well as what is there for certain explains part of it
        as_good = [item for item in believed if item.suspect.number in known.evidence][:1]
    if not as_good and DRIFT in known.evidence:
        return _growing(found, difference, known)
    if not as_good:
        nearest = ranking[0]
        share = nearest.explanation.residual / difference
        text = (
            f"Cause unknown: no known mistake explains the difference (RMS {number(difference)});"
            f" the nearest, {nearest.suspect.name} ({nearest.explanation.detail}), leaves"
            f" {share:.0%} of it."
        )
        return Diagnosis(difference, None, (), ranking, text)
    best = as_good[0]
    # figures that were fitted can imitate a mistake that has none: that is no rival of it
    fitted = best.explanation.parameters
    rivals = tuple(
        item
        for item in as_good[1:]
        if item.explanation.parameters <= fitted and best.suspect.number not in known.evidence
    )
    return Diagnosis(difference, best, rivals, ranking, _sentence(best, rivals, difference, known))


def _growing(found: list[Ranked], difference: float, known: Known) -> Diagnosis:
    """Nothing but the growth itself: an error that adds up from step to step."""
    suspect = next(item for item in SUSPECTS if item.number == DRIFT)
    explanation = Explanation(f"RMS {known.evidence[DRIFT]}", difference)
    text = (
        f"Cause: {suspect.name}: {explanation.detail}; no other known mistake explains it."
        f"\n  → {suspect.remedy}"
    )
    best = Ranked(suspect, explanation, 0.0)
    return Diagnosis(difference, best, (), tuple(found), text)


def _believed(item: Ranked, difference: float, known: Known) -> bool:
    share = item.explanation.residual / difference
    if item.suspect.number in known.evidence:
        return share <= EVIDENT_LEAVES
    if item.explanation.parameters == 0:
        return share <= LEAVES
    if known.lsb and item.explanation.departure < DEPARTS:
        return False
    rounded = min(ROUNDED * known.lsb, 0.5 * difference)
    if item.explanation.parameters > FEW_FIGURES:
        return share <= FITTED_LEAVES / 2
    return item.explanation.residual <= max(FITTED_LEAVES * difference, rounded)


def _sentence(best: Ranked, rivals: tuple[Ranked, ...], difference: float, known: Known) -> str:
    text = (
        f"Cause: {best.suspect.name}: {best.explanation.detail}; this explains"
        f" {best.explains:.1%} of the difference (RMS {number(difference)}, left"
        f" {number(best.explanation.residual)})."
    )
    evidence = known.evidence.get(best.suspect.number)
    if evidence:
        text += f" {evidence}"
    if rivals:
        names = ", ".join(f"{item.suspect.name} ({item.explanation.detail})" for item in rivals)
        text += f" These sequences cannot tell it from: {names}."
    return f"{text}\n  → {best.suspect.remedy}"


def _certain(suspect: Suspect, size: float, why: str, unit: str = "") -> Diagnosis:
    explanation = Explanation(f"{why} {number(size)}{unit}", 0.0)
    best = Ranked(suspect, explanation, 1.0)
    text = f"Cause: {suspect.name}: {explanation.detail}.\n  → {suspect.remedy}"
    return Diagnosis(size, best, (), (best,), text)


def _nothing(size: float, text: str) -> Diagnosis:
    return Diagnosis(size, None, (), (), text)
