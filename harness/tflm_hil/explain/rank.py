"""Rank the suspects by what they leave unexplained, and say which one is believed.

Two signs come before the suspects, because no suspect may be believed on them: a reference that
differs from itself when run again, and differences of no more than two LSB, which kernel variants
make by rounding. Then every suspect is asked how much of the difference (RMS) it leaves, and is
believed below a bound:

    a mistake without figures         0.45    quantisation noise stays, chance explains no 80 %
    one with figures that were fitted 0.25    a fit can imitate much; where integers are compared
                                              the figures must also be off by 5 % or more
    one with evidence of its own      0.75    a lint, saturated inputs: it is there for certain

Quantisation alone leaves more than 0.55 of itself to every suspect (measured on the int8 variants
of the zoo, `tests/integration/explain/test_false_alarms.py`). Among those that leave about
equally little, evidence, then fewer figures, then the earlier of `CauseKind` count.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tflm_hil.explain.case import Case, forward
from tflm_hil.explain.fit import Fit, Observed, residual
from tflm_hil.explain.suspects.suspects import SUSPECTS
from tflm_hil.report.causes import Candidate, Cause, Evidence, Unexamined
from tflm_hil.report.kinds import RANK, CauseKind
from tflm_hil.report.mistakes import Mistake, OperatorRounds, RunTwiceDiffers, Way, WithinRounding

LEAVES = 0.45
FITTED_LEAVES = 0.25
FEW_FIGURES = 2  # with more of them a fit has to leave half as little
EVIDENT_LEAVES = 0.75
AS_GOOD = 1.25
ROUNDING_LSB = 2.0
ROUNDED = 0.3  # LSB (RMS) is what rounding to integers leaves: 1 / sqrt(12)
SEQUENCES = 64  # at most; the first ones, in their order
DEPARTS = 0.05  # quantisation itself is a scale that is off by one or two per cent
STEPS = 200  # of outputs at every step; a fit over thousands takes minutes
FEW = 12  # looked at alone if nothing explains all: a state that leaks adds up its rounding; too
# few to fit figures to


@dataclass(frozen=True)
class Known:
    """What is known of the two sides besides their outputs.

    `lsb`: scale of quantised outputs. `runtimes`: both sides run the same model, so that rounding
    of kernels is all that may differ. `differs_again`: by how much (RMS) a reference differs from
    itself when run again. `suspects`: those that come into question. `evidence`: what shows of a
    mistake elsewhere.
    """

    lsb: float = 0.0
    runtimes: bool = True
    differs_again: float = 0.0
    suspects: Set[CauseKind] = frozenset(SUSPECTS)
    evidence: Mapping[CauseKind, Evidence] = field(default_factory=dict)


@dataclass(frozen=True)
class Diagnosis:
    """A cause (of kind UNKNOWN if no suspect is believed), or why none is looked for.

    `ranking` are all suspects that were asked, the best first.
    """

    cause: Cause | None
    unexamined: Unexamined | None = None
    ranking: tuple[Candidate, ...] = ()

    @property
    def kind(self) -> CauseKind | None:
        """Of a cause that has a name; None otherwise."""
        return self.cause.kind if self.cause is not None and self.cause.known else None


@dataclass(frozen=True)
class Ranked:
    """A suspect with its best explanation and the share of the difference's square it explains."""

    kind: CauseKind
    fit: Fit
    share: float

    def candidate(self) -> Candidate:
        """For a report."""
        fit = self.fit
        return Candidate(self.kind, fit.mistake, self.share, fit.residual, fit.alike)


@dataclass(frozen=True)
class Judgement:
    """Of suspects that were asked: which one is believed, and which explain as much. `best` is
    None if none is.
    """

    difference: float
    best: Ranked | None
    rivals: tuple[Ranked, ...]
    ranking: tuple[Ranked, ...]


def diagnose(case: Case, observed: NDArray[np.generic], known: Known = Known()) -> Diagnosis:
    """Which mistake turns `forward(case)` into `observed` (of the same shape)."""
    if known.differs_again > 0.0:
        return Diagnosis(reference_varies(known.differs_again))
    if not np.all(np.isfinite(observed)):
        return Diagnosis(None, Unexamined.NOT_FINITE)
    expected = forward(case)
    if expected.shape != observed.shape:
        raise ValueError(f"observed outputs {observed.shape}, expected {expected.shape}")
    target = np.asarray(observed, np.float64)
    largest = float(np.abs(expected - target).max())
    if largest == 0.0:
        return Diagnosis(None, Unexamined.NOTHING_DIFFERS)
    if known.runtimes and known.lsb and largest <= ROUNDING_LSB * known.lsb:
        return Diagnosis(_certain(Mistake(WithinRounding(largest, ROUNDING_LSB))))
    if expected.ndim > 2 and case.cuttable and case.steps == expected.shape[1] > STEPS:
        case, target = case.first_steps(STEPS), target[:, :STEPS]
    judged = judge(case.first(SEQUENCES), target[:SEQUENCES], known)
    if judged.best is None and CauseKind.ERROR_GROWS not in known.evidence and len(target) > FEW:
        early = judge(case.first(FEW), target[:FEW], known)
        if early.best is not None and not early.best.fit.parameters:
            return _diagnosis(early, known, judged_on=FEW)
    return _diagnosis(judged, known)


def reference_varies(apart: float) -> Cause:
    """Of a reference that differs from itself by RMS `apart`."""
    return Cause(CauseKind.REFERENCE_VARIES, Mistake(RunTwiceDiffers(apart)))


def operator_rounds(operator: str, lsb: float) -> Cause:
    """Where the first operator that differs is off by no more than rounding."""
    return _certain(Mistake(OperatorRounds(operator, lsb)))


def tensors_overlap() -> Cause:
    """Where tensors with memory of their own are right, and others are not."""
    return Cause(CauseKind.MEMORY_OVERLAP, Mistake(Way.TENSORS_OVERLAP))


def _certain(mistake: Mistake) -> Cause:
    return Cause(CauseKind.KERNEL_VARIANTS, mistake)


def judge(case: Case, target: Observed, known: Known) -> Judgement:
    """Ask every suspect that comes into question."""
    difference = residual(forward(case), target)
    if difference == 0.0:
        return Judgement(0.0, None, (), ())
    asked = []
    for kind, suspect in SUSPECTS.items():
        fit = suspect(case, target) if kind in known.suspects else None
        if fit is not None:
            share = 1.0 - (fit.residual / difference) ** 2
            asked.append(Ranked(kind, fit, max(0.0, share)))
    ranking = tuple(sorted(asked, key=lambda item: item.fit.residual))
    believed = _as_good(ranking, difference, known)
    if not believed:
        return Judgement(difference, None, (), ranking)
    best, *others = believed
    # figures that were fitted can imitate a mistake that has none: that is not a rival
    rivals = tuple(
        item
        for item in others
        if item.fit.parameters <= best.fit.parameters and best.kind not in known.evidence
    )
    return Judgement(difference, best, rivals, ranking)


def _as_good(ranking: tuple[Ranked, ...], difference: float, known: Known) -> list[Ranked]:
    """Those that are believed and leave about equally little, who is believed most first."""

    def order(item: Ranked) -> tuple[bool, int, int]:
        return item.kind not in known.evidence, item.fit.parameters, RANK[item.kind]

    if not ranking:
        return []
    believed = [item for item in ranking if _believed(item, difference, known)]
    near = AS_GOOD * ranking[0].fit.residual + 1e-9 * difference
    as_good = sorted((item for item in believed if item.fit.residual <= near), key=order)
    # nothing explains it as well as what is there for certain explains part of it
    return as_good or [item for item in believed if item.kind in known.evidence][:1]


def _believed(item: Ranked, difference: float, known: Known) -> bool:
    fit = item.fit
    share = fit.residual / difference
    if item.kind in known.evidence:
        return share <= EVIDENT_LEAVES
    if fit.parameters == 0:
        return share <= LEAVES
    if known.lsb and fit.departure < DEPARTS:
        return False
    rounded = min(ROUNDED * known.lsb, 0.5 * difference)
    if fit.parameters > FEW_FIGURES:
        return share <= FITTED_LEAVES / 2
    return fit.residual <= max(FITTED_LEAVES * difference, rounded)


def _diagnosis(judged: Judgement, known: Known, judged_on: int | None = None) -> Diagnosis:
    if judged.difference == 0.0:
        return Diagnosis(None, Unexamined.NOTHING_DIFFERS)
    ranking = tuple(item.candidate() for item in judged.ranking)
    best, difference = judged.best, judged.difference
    if best is not None:
        shown = known.evidence.get(best.kind)
        cause = Cause(
            kind=best.kind,
            mistake=best.fit.mistake,
            alike=best.fit.alike,
            share=best.share,
            difference=difference,
            left=best.fit.residual,
            evidence=() if shown is None else (shown,),
            rivals=tuple(item.candidate() for item in judged.rivals),
            judged_on=judged_on,
        )
    elif CauseKind.ERROR_GROWS in known.evidence:
        # nothing but the growth itself: an error that adds up from step to step
        grows = known.evidence[CauseKind.ERROR_GROWS]
        cause = Cause(CauseKind.ERROR_GROWS, difference=difference, evidence=(grows,))
    else:
        nearest = ranking[0] if ranking else None
        cause = Cause(CauseKind.UNKNOWN, difference=difference, nearest=nearest)
    return Diagnosis(cause, ranking=ranking)
