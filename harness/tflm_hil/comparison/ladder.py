"""The ladder: each rung against the one before, limits checked, the rung named.

Rungs come in the order of the mapping, oldest first (cell equations, Keras, TFLite, desktop TFLM,
device). A rung
that is absent is skipped: the next is compared with the last one there is. The difference between
two neighbours has one possible kind of cause, so the first neighbour pair that breaks a limit
says where the error enters. Accuracy is a property of one rung, not of a pair: when it is below
its limit, the error enters at the first rung that is below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from tflm_hil.comparison.limits import Limit
from tflm_hil.comparison.metrics import Metrics, Task, accuracy, compare, label_rmse
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.comparison.wording import failure_sentence, pass_sentence
from tflm_hil.errors import ComparisonError

Verdict = Literal["pass", "fail", "none"]

# Properties of one rung, not of a pair.
LABEL_MEASURES = ("accuracy", "label_rmse")


@dataclass(frozen=True)
class Check:
    """A limit, the value it was held against, and whether it is kept."""

    limit: Limit
    value: float
    kept: bool


@dataclass(frozen=True)
class RungDelta:
    """One rung: its difference `against` the rung before, and its closeness to the labels.

    `metrics` is None and `against` empty for the first rung. The properties below are the fields
    of `Metrics`, None for the first rung.
    """

    name: str
    against: str
    metrics: Metrics | None
    accuracy: float | None
    label_rmse: float | None
    checks: tuple[Check, ...] = ()

    @property
    def max_abs(self) -> float | None:
        return None if self.metrics is None else self.metrics.max_abs

    @property
    def max_rel(self) -> float | None:
        return None if self.metrics is None else self.metrics.max_rel

    @property
    def mean_abs(self) -> float | None:
        return None if self.metrics is None else self.metrics.mean_abs

    @property
    def rmse(self) -> float | None:
        return None if self.metrics is None else self.metrics.rmse

    @property
    def cosine(self) -> float | None:
        return None if self.metrics is None else self.metrics.cosine

    @property
    def argmax_agreement(self) -> float | None:
        return None if self.metrics is None else self.metrics.argmax_agreement

    @property
    def differing(self) -> int | None:
        return None if self.metrics is None else self.metrics.differing

    @property
    def values(self) -> int | None:
        return None if self.metrics is None else self.metrics.values

    @property
    def max_lsb(self) -> int | None:
        return None if self.metrics is None else self.metrics.max_lsb

    @property
    def lsb_histogram(self) -> tuple[tuple[int, int], ...] | None:
        return None if self.metrics is None else self.metrics.lsb_histogram

    def measure(self, name: str) -> float | None:
        """The value of a measure of `limits.UNITS`, None where it does not exist."""
        value = getattr(self, name)
        return None if value is None else float(value)


@dataclass(frozen=True)
class LadderResult:
    """All rungs and what follows from them.

    `verdict` is "none" if there was no limit to check. `verdict_rung` names the rung where the
    error enters and is empty unless the verdict is "fail". `largest_rung` has the largest |Δ| of
    the ladder, broken limit or not; empty if nothing differs. `unchecked` limits name a rung that
    was not run, or a difference of the first rung to one before it. `sentence` is for a person.
    """

    rungs: tuple[RungDelta, ...]
    verdict: Verdict
    verdict_rung: str
    largest_rung: str
    sentence: str
    unchecked: tuple[Limit, ...] = ()

    def rung(self, name: str) -> RungDelta:
        """A rung by name; KeyError if it was not run."""
        for rung in self.rungs:
            if rung.name == name:
                return rung
        raise KeyError(name)

    @property
    def accuracy(self) -> dict[str, float | None]:
        """Accuracy of every rung, None without labels."""
        return {rung.name: rung.accuracy for rung in self.rungs}

    @property
    def broken(self) -> tuple[Check, ...]:
        """Every check that failed, in the order of the ladder."""
        return tuple(check for rung in self.rungs for check in rung.checks if not check.kept)


def compare_ladder(
    rungs: Mapping[str, RungOutputs],
    labels: NDArray[Any] | None = None,
    limits: Iterable[Limit] = (),
    *,
    task: Task = "classification",
) -> LadderResult:
    """Compare neighbours and judge.

    Raises `ComparisonError` if there are fewer than one rung, shapes differ, or a limit asks for
    a measure that the outputs do not have (LSB of floats, accuracy without labels).
    """
    if not rungs:
        raise ComparisonError("no rung to compare", remedy="run at least one reference")
    wanted = tuple(limits)
    deltas: list[RungDelta] = []
    before = ""
    for name, outputs in rungs.items():
        bare = RungDelta(
            name=name,
            against=before,
            metrics=_compare(name, outputs, before, rungs[before]) if before else None,
            accuracy=_accuracy(outputs, labels, task),
            label_rmse=_label_rmse(outputs, labels, task),
        )
        deltas.append(_checked(bare, wanted))
        before = name
    checks = [check for rung in deltas for check in rung.checks]
    largest = _largest(deltas)
    checked = {check.limit for check in checks}
    unchecked = tuple(limit for limit in wanted if limit not in checked)
    if any(not check.kept for check in checks):
        culprit, check = _entry(deltas)
        sentence = failure_sentence(deltas, culprit, check)
        return LadderResult(tuple(deltas), "fail", culprit.name, largest, sentence, unchecked)
    verdict: Verdict = "pass" if checks else "none"
    return LadderResult(tuple(deltas), verdict, "", largest, pass_sentence(deltas), unchecked)


def _compare(name: str, outputs: RungOutputs, before: str, against: RungOutputs) -> Metrics:
    try:
        return compare(outputs, against)
    except ComparisonError as error:
        raise ComparisonError(
            f"{name} cannot be compared with {before}: {error.what}", remedy=error.remedy
        ) from None


def _accuracy(outputs: RungOutputs, labels: NDArray[Any] | None, task: Task) -> float | None:
    if labels is None or task != "classification":
        return None
    return accuracy(outputs.values, labels)


def _label_rmse(outputs: RungOutputs, labels: NDArray[Any] | None, task: Task) -> float | None:
    if labels is None or task != "regression":
        return None
    return label_rmse(outputs.values, labels)


def _checked(rung: RungDelta, limits: tuple[Limit, ...]) -> RungDelta:
    """The rung with every limit that names it checked."""
    checks = []
    for limit in limits:
        if limit.rung != rung.name:
            continue
        value = rung.measure(limit.measure)
        if value is None and _idle(limit, rung):
            continue
        if value is None:
            raise ComparisonError(
                f"the limit on {limit.measure} of {rung.name} cannot be checked:"
                f" {_why_missing(limit.measure)}",
                remedy="remove the limit from the manifest or provide what it needs",
            )
        checks.append(Check(limit, value, limit.allows(value)))
    return RungDelta(
        rung.name, rung.against, rung.metrics, rung.accuracy, rung.label_rmse, tuple(checks)
    )


def _idle(limit: Limit, rung: RungDelta) -> bool:
    """Whether a limit has nothing to say: on a difference, of the first rung."""
    return rung.metrics is None and limit.measure not in LABEL_MEASURES


def _why_missing(measure: str) -> str:
    if measure in LABEL_MEASURES:
        return "there are no labels for this task"
    if measure == "max_lsb":
        return "its outputs and those before it are not both integers"
    return "it has a single output"


def _entry(deltas: list[RungDelta]) -> tuple[RungDelta, Check]:
    """The rung where the error enters, and the broken check that says so."""
    best: tuple[int, RungDelta, Check] | None = None
    for position, rung in enumerate(deltas):
        for check in rung.checks:
            if check.kept:
                continue
            entry = position
            if check.limit.measure in LABEL_MEASURES:
                entry = _first_beyond(deltas, check.limit, position)
            if best is None or entry < best[0]:
                best = (entry, deltas[entry], check)
    assert best is not None
    return best[1], best[2]


def _first_beyond(deltas: list[RungDelta], limit: Limit, position: int) -> int:
    for earlier in range(position):
        value = deltas[earlier].measure(limit.measure)
        if value is not None and not limit.allows(value):
            return earlier
    return position


def _largest(deltas: list[RungDelta]) -> str:
    differing = [rung for rung in deltas if rung.max_abs]
    return max(differing, key=lambda rung: rung.max_abs or 0.0).name if differing else ""
