"""Numbers with their limits: a measurement knows its own verdict.

    limit = Limit(RungName.DEVICE, Measure.DIFFERING, maximum=0)
    Measurement(Measure.DIFFERING, 3, RungName.DEVICE, limit=limit).verdict     # Verdict.FAIL

The same `Limit` stands in a manifest, is checked by the ladder and over long sequences, and is
kept in the report.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from tflm_hil.vocabulary import MEASURES, Engine, Measure, RungName, Unit


class Verdict(StrEnum):
    """`error` is a problem of board, link or tools: nothing was learned about the model. `blocked`
    is what an error elsewhere left untried.
    """

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    BLOCKED = "blocked"
    NONE = "none"  # measured without a limit, or not judged yet


WORST_FIRST = (Verdict.ERROR, Verdict.FAIL, Verdict.BLOCKED, Verdict.PASS, Verdict.NONE)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that a group of verdicts has as a whole."""
    present = set(verdicts)
    return next((verdict for verdict in WORST_FIRST if verdict in present), Verdict.NONE)


@dataclass(frozen=True)
class Limit:
    """`minimum` ≤ `measure` of `rung` ≤ `maximum`; raises ValueError if that makes no sense.

    `rung` is the younger side of a comparison. `engine` is the one inference engine that the limit
    holds for, None: all of them. Kernels of different make round differently, so a limit of the
    device may hold for one engine only.
    """

    rung: RungName
    measure: Measure
    minimum: float | None = None
    maximum: float | None = None
    engine: Engine | None = None

    def __post_init__(self) -> None:
        if self.minimum is None and self.maximum is None:
            raise ValueError(f"limit of {self.rung} {self.measure} has no minimum and no maximum")
        for bound in (self.minimum, self.maximum):
            if bound is not None and not math.isfinite(bound):
                raise ValueError(f"limit of {self.rung} {self.measure} is {bound}")
        if self.engine and self.rung != RungName.DEVICE:
            raise ValueError(f"the rung {self.rung} has no engine: only the device has")

    @property
    def unit(self) -> Unit:
        """Unit of the measure."""
        return MEASURES[self.measure].unit

    def holds_for(self, engine: str) -> bool:
        """Whether a device with this inference engine is held to it."""
        return self.engine in (None, engine)

    @property
    def holds_for_a_part(self) -> bool:
        """Whether it can be judged on some of the sequences that it was made for."""
        shares = (Measure.ARGMAX_AGREEMENT, Measure.ACCURACY)
        every_one = self.measure in shares and self.minimum == 1.0
        return not MEASURES[self.measure].is_mean or every_one

    def allows(self, value: float) -> bool:
        """Whether `value` is within; NaN never is."""
        if math.isnan(value):
            return False
        return (self.minimum is None or value >= self.minimum) and (
            self.maximum is None or value <= self.maximum
        )


class Scope(StrEnum):
    """What a number was measured on."""

    SAMPLES = "samples"  # the test sequences, the output that the ladder compares
    OUTPUT = "output"  # one output of several, at every step
    STATE = "state"  # a state that is fed back, at every step
    WEIGHT = "weight"  # a constant of the model
    LONG_RUN = "long-run"  # a thousand steps without a reset
    FORCED = "forced"  # steps that each start from desktop TFLM's state


@dataclass(frozen=True)
class Part:
    """Some of the sequences that there are: too few to judge a limit that is a mean."""

    sequences: int
    of: int


@dataclass(frozen=True)
class Measurement:
    """One number with its unit and, where there is one, its limit.

    `rung` is None for what is no property of a rung (costs). `against` is set where the rung was
    not held against the one before it. `tensor` is the index of an output, state or weight, for
    those scopes. `modelled` is empty for a number that a real clock gave, else the id of the cycle
    model that it comes from; such a number never enters a hardware baseline. `not_judged` says on
    which part the limit was not applied, None where it was.
    """

    measure: Measure
    value: float
    rung: RungName | None = None
    scope: Scope = Scope.SAMPLES
    tensor: int | None = None
    against: RungName | None = None
    limit: Limit | None = None
    modelled: str = ""
    not_judged: Part | None = None
    name: str = field(default="", init=False)
    unit: Unit = field(default=Unit.ONE, init=False)
    verdict: Verdict = field(default=Verdict.NONE, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self._name())
        object.__setattr__(self, "unit", MEASURES[self.measure].unit)
        if self.limit is not None and self.not_judged is None:
            kept = self.limit.allows(self.value)
            object.__setattr__(self, "verdict", Verdict.PASS if kept else Verdict.FAIL)

    def _name(self) -> str:
        """For tables and for who greps: `device.max_abs`, `device.state.3.differing`."""
        if self.scope in (Scope.OUTPUT, Scope.STATE, Scope.WEIGHT):
            return f"{self.rung}.{self.scope}.{self.tensor}.{self.measure}"
        if self.scope is Scope.LONG_RUN:
            pair = f"{self.rung}_{self.against}." if self.against else ""
            return f"drift.{pair}{self.measure}"
        if self.scope is Scope.FORCED:
            return f"forced.{self.measure}"
        return f"{self.rung}.{self.measure}" if self.rung else str(self.measure)


@dataclass(frozen=True)
class Rung:
    """One rung of the ladder, `against` the one before it, over all outputs of all sequences.

    Differences are absolute, in real units (probabilities for a classifier); `max_rel` is
    `max_abs` divided by the largest |output| of `against`, where that is above 1. `max_lsb` and
    `lsb_histogram` (|Δ| in steps of the output's scale → how many values) exist where both rungs
    are integers. `worst` is the index of the largest difference, `worst[0]` its sequence, None if
    there is none; `first_differing_step` counts from 0. The first rung has nothing before it:
    `against` and all but its closeness to the labels is None.
    """

    name: RungName
    against: RungName | None = None
    accuracy: float | None = None  # share of sequences with the right label, 0..1
    max_abs: float | None = None
    mean_abs: float | None = None
    rmse: float | None = None
    cosine: float | None = None
    argmax_agreement: float | None = None  # share of sequences, 0..1; None for a single output
    differing: int | None = None  # output values that are not the same
    values: int | None = None  # output values compared
    max_lsb: int | None = None
    lsb_histogram: dict[int, int] | None = None
    label_rmse: float | None = None  # regression: against the true values, unit of the output
    max_rel: float | None = None
    auc: float | None = None  # of scores, 0..1: the share of pairs that are in the right order
    nonfinite: int | None = None  # values of this rung that are NaN or infinite
    first_nonfinite: tuple[int, ...] | None = None  # index of the first; [0] is its sequence
    worst: tuple[int, ...] | None = None
    first_differing_step: int | None = None

    def measured(self, measure: Measure) -> float | None:
        """The value of one of `RUNG_MEASURES`, None where it does not exist."""
        value = getattr(self, measure)
        return None if value is None else float(value)


@dataclass(frozen=True)
class Failure:
    """What a verdict "fail" rests on: the check that is not kept, and the rung where the error
    enters. That is an earlier one where the check is of closeness to the labels.
    """

    rung: RungName
    check: Measurement
