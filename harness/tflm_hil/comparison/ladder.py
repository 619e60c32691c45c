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

from tflm_hil.comparison.metrics import accuracy, compare, label_rmse
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.errors import ComparisonError
from tflm_hil.report.judgement import Failure, Limit, Measurement, Rung, Verdict
from tflm_hil.vocabulary import RUNG_MEASURES, Measure, RungName, Task


@dataclass(frozen=True)
class Ladder:
    """All rungs, every limit that was checked, and what follows from them.

    `failure` is None unless a check was not kept. `unchecked` limits name a rung that was not run,
    or a difference of the first rung to one before it.
    """

    rungs: tuple[Rung, ...]
    checks: tuple[Measurement, ...]
    failure: Failure | None = None
    unchecked: tuple[Limit, ...] = ()

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
    task: str = Task.CLASSIFICATION,
) -> Ladder:
    """Compare neighbours and judge.

    Raises `ComparisonError` if there are fewer than one rung, shapes differ, or a limit asks for
    a measure that the outputs do not have (LSB of floats, accuracy without labels).
    """
    if not rungs:
        raise ComparisonError("no rung to compare", remedy="run at least one reference")
    wanted = tuple(limits)
    compared: list[Rung] = []
    before: RungName | None = None
    for key, outputs in rungs.items():
        name = RungName(key)
        rung = Rung(name) if before is None else _compare(name, outputs, before, rungs[before])
        compared.append(
            replace(
                rung,
                accuracy=_accuracy(outputs, labels, task),
                label_rmse=_label_rmse(outputs, labels, task),
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
    )


def _compare(name: RungName, outputs: RungOutputs, before: RungName, against: RungOutputs) -> Rung:
    try:
        return compare(outputs, against, name=name, before=before)
    except ComparisonError as error:
        raise ComparisonError(
            f"{name} cannot be compared with {before}: {error.what}", remedy=error.remedy
        ) from None


def _accuracy(outputs: RungOutputs, labels: NDArray[Any] | None, task: str) -> float | None:
    if labels is None or task != Task.CLASSIFICATION:
        return None
    return accuracy(outputs.values, labels)


def _label_rmse(outputs: RungOutputs, labels: NDArray[Any] | None, task: str) -> float | None:
    if labels is None or task != Task.REGRESSION:
        return None
    return label_rmse(outputs.values, labels)


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
    return rung.against is None and not RUNG_MEASURES[limit.measure].of_labels


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
