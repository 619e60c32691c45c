"""The ladder: each rung against the one before, limits checked, the rung named.

Rungs come in the order of the mapping, oldest first (`tflm_hil.vocabulary.RungName`). A rung that
is absent is skipped: the next is compared with the last one there is. The difference between two
neighbours has one possible kind of cause, so the first neighbour pair that breaks a limit says
where the error enters. Accuracy is a property of one rung, not of a pair: when it is below its
limit, the error enters at the first rung that is below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from tflm_hil.comparison.labels import Labels, recognise
from tflm_hil.comparison.metrics import compare, first_nonfinite, nonfinite
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.comparison.quality import Quality, chance, quality
from tflm_hil.errors import ComparisonError
from tflm_hil.report.judgement import Failure, Limit, Measurement, Rung, Verdict
from tflm_hil.vocabulary import RUNG_MEASURES, Measure, RungName, Task


@dataclass(frozen=True)
class Ladder:
    """All rungs, every limit that was checked, and what follows from them.

    `failure` is None unless a check was not kept. `unchecked` limits name a rung that was not run,
    or a difference of the first rung to one before it. `labels` are what they were recognised as,
    None without any; rungs `at_chance` do no better than without them.
    """

    rungs: tuple[Rung, ...]
    checks: tuple[Measurement, ...]
    failure: Failure | None = None
    unchecked: tuple[Limit, ...] = ()
    labels: Labels | None = None
    at_chance: tuple[RungName, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """`NONE` if there was no limit to check."""
        if self.failure is not None:
            return Verdict.FAIL
        return Verdict.PASS if self.checks else Verdict.NONE

    @property
    def entered(self) -> RungName | None:
        """The rung at which the error enters, None unless the verdict is "fail"."""
        return None if self.failure is None else self.failure.rung

    @property
    def largest_rung(self) -> RungName | None:
        """The rung with the largest |Δ|, broken limit or not; None if nothing differs."""
        differing = [rung for rung in self.rungs if rung.max_abs]
        return max(differing, key=lambda rung: rung.max_abs or 0.0).name if differing else None

    def rung(self, name: str) -> Rung:
        """A rung by name; KeyError if it was not run."""
        for rung in self.rungs:
            if rung.name == name:
                return rung
        raise KeyError(name)

    @property
    def broken(self) -> tuple[Measurement, ...]:
        """Every check that failed, in the order of the ladder."""
        return tuple(check for check in self.checks if check.verdict is Verdict.FAIL)


def compare_ladder(
    rungs: Mapping[str, RungOutputs],
    labels: NDArray[Any] | None = None,
    limits: Iterable[Limit] = (),
    *,
    task: str | None = Task.CLASSIFICATION,
    stepwise: bool = True,
    inputs: NDArray[Any] | None = None,
) -> Ladder:
    """Compare neighbours and judge.

    `labels`, `task` and `stepwise` as in `recognise`; `inputs` `[N, …]` are for the labels of an
    autoencoder. Raises `ComparisonError` if there are fewer than one rung, shapes differ, labels
    fit nothing, or a limit asks for a measure that the outputs do not have (LSB of floats, accuracy
    without labels).
    """
    if not rungs:
        raise ComparisonError("no rung to compare", remedy="run at least one reference")
    wanted = tuple(limits)
    wanted = (*_finite(rungs, wanted), *wanted)
    compared: list[Rung] = []
    known: Labels | None = None
    at_chance: list[RungName] = []
    before: RungName | None = None
    for key, outputs in rungs.items():
        name = RungName(key)
        rung = Rung(name) if before is None else _compare(name, outputs, before, rungs[before])
        worth = Quality()
        if labels is not None:
            known = _recognised(name, outputs, labels, task, stepwise=stepwise, inputs=inputs)
            worth = quality(outputs.values, known, inputs)
            if _no_better(worth, chance(outputs.values, known)):
                at_chance.append(name)
        compared.append(
            replace(
                rung,
                nonfinite=nonfinite(outputs.stored),
                first_nonfinite=first_nonfinite(outputs.stored),
                accuracy=worth.accuracy,
                label_rmse=worth.label_rmse,
                auc=worth.auc,
            )
        )
        before = name
    checks = tuple(check for rung in compared for check in _checks(rung, wanted))
    checked = {check.limit for check in checks}
    return Ladder(
        rungs=tuple(compared),
        checks=checks,
        failure=_failure(compared, checks),
        unchecked=tuple(limit for limit in wanted if limit not in checked),
        labels=known,
        at_chance=tuple(at_chance),
    )


def _finite(rungs: Mapping[str, RungOutputs], limits: Sequence[Limit]) -> list[Limit]:
    """Every rung of floats puts out numbers, whatever the limits; a limit of its own goes before.

    They come first: where a rung breaks several limits, this is the one to tell.
    """
    own = {limit.rung for limit in limits if limit.measure is Measure.NONFINITE}
    return [
        Limit(RungName(key), Measure.NONFINITE, maximum=0)
        for key, outputs in rungs.items()
        if RungName(key) not in own and nonfinite(outputs.stored)
    ]


def _compare(name: RungName, outputs: RungOutputs, before: RungName, against: RungOutputs) -> Rung:
    try:
        return compare(outputs, against, name=name, before=before)
    except ComparisonError as error:
        raise ComparisonError(
            f"{name} cannot be compared with {before}: {error.what}", remedy=error.remedy
        ) from None


def _recognised(
    name: RungName,
    outputs: RungOutputs,
    labels: NDArray[Any],
    task: str | None,
    *,
    stepwise: bool,
    inputs: NDArray[Any] | None,
) -> Labels:
    try:
        return recognise(
            labels,
            outputs.stored.shape,
            task=None if task is None else Task(task),
            stepwise=stepwise,
            inputs=0 if inputs is None else inputs[0].size,
        )
    except ComparisonError as error:
        raise ComparisonError(
            f"the labels cannot be held against {name}: {error.what}", remedy=error.remedy
        ) from None


def _no_better(worth: Quality, by_chance: float | None) -> bool:
    """Whether a rung does no better than one that knows nothing of the labels."""
    value = worth.auc if worth.accuracy is None else worth.accuracy
    return value is not None and by_chance is not None and not value > by_chance


def _checks(rung: Rung, limits: Sequence[Limit]) -> Iterable[Measurement]:
    """Every limit that names the rung, with what was measured."""
    for limit in limits:
        if limit.rung != rung.name:
            continue
        value = rung.measured(limit.measure)
        if value is None and _idle(limit, rung):
            continue
        if value is None:
            raise ComparisonError(
                f"the limit on {limit.measure} of {rung.name} cannot be checked:"
                f" {_why_missing(limit.measure)}",
                remedy="remove the limit from the manifest or provide what it needs",
            )
        yield Measurement(limit.measure, value, rung.name, limit=limit)


def _idle(limit: Limit, rung: Rung) -> bool:
    """Whether a limit has nothing to say: on a difference, of the first rung."""
    return rung.against is None and not RUNG_MEASURES[limit.measure].alone


def _why_missing(measure: Measure) -> str:
    if RUNG_MEASURES[measure].of_labels:
        return "there are no labels for this task"
    if measure is Measure.MAX_LSB:
        return "its outputs and those before it are not both integers"
    return "it has a single output"


def _failure(rungs: Sequence[Rung], checks: Sequence[Measurement]) -> Failure | None:
    """The earliest rung at which an error enters, and the broken check that says so."""
    positions = {rung.name: position for position, rung in enumerate(rungs)}
    best: tuple[int, Measurement] | None = None
    for check in checks:
        if check.verdict is not Verdict.FAIL:
            continue
        assert check.limit is not None
        position = positions[check.limit.rung]
        if RUNG_MEASURES[check.measure].of_labels:
            position = _first_beyond(rungs, check.limit, position)
        if best is None or position < best[0]:
            best = (position, check)
    return None if best is None else Failure(rungs[best[0]].name, best[1])


def _first_beyond(rungs: Sequence[Rung], limit: Limit, position: int) -> int:
    for earlier in range(position):
        value = rungs[earlier].measured(limit.measure)
        if value is not None and not limit.allows(value):
            return earlier
    return position
