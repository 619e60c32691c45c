"""A variant's verdict in sentences that need no manual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflm_hil.report.judgement import Failure, Limit, Measurement, Rung, Scope, Verdict
from tflm_hil.report.records import VariantRecord
from tflm_hil.report.render.causes import descent_sentence, explanation_lines
from tflm_hil.report.render.wording import number, real_unit
from tflm_hil.vocabulary import MEASURES, RUNGS, Measure


def verdict_text(variant: VariantRecord) -> str:
    """What came of it, why if it failed, and what is known of the cause: a line each."""
    return "\n".join(verdict_lines(variant))


def verdict_lines(variant: VariantRecord) -> Iterator[str]:
    """The first line is the verdict; further ones begin with two spaces. None where there is
    nothing to say.
    """
    if variant.legacy is not None:
        if variant.legacy.sentence:
            yield variant.legacy.sentence
        return
    if variant.error is not None:
        yield variant.error.sentence
        return
    if variant.failure is None:
        if variant.rungs:
            yield pass_sentence(variant.rungs)
        return
    yield _failure_line(variant, variant.failure)
    if variant.explanation is not None:
        yield from (f"  {line}" for line in explanation_lines(variant.explanation))
    if variant.failure.check.scope not in (Scope.LONG_RUN, Scope.FORCED):
        run = variant.long_run
        if run is not None and run.descent is not None:
            yield f"  {run.steps:,} steps without a reset: {descent_sentence(run.descent)}"


def _failure_line(variant: VariantRecord, failure: Failure) -> str:
    check = failure.check
    if check.measure is Measure.NONFINITE:
        return _not_finite(variant, failure)
    if check.scope is Scope.SAMPLES:
        named = variant.explanation is not None and variant.explanation.named
        stepwise = bool(variant.time_steps) or variant.steps > variant.sequences
        return failure_sentence(variant.rungs, failure, guess=not named, stepwise=stepwise)
    scopes = (Scope.OUTPUT, Scope.STATE)
    if check.scope in scopes:
        return f"the last step is right, others are not: {_broken(variant, scopes)}"
    scopes = (Scope.LONG_RUN, Scope.FORCED)
    steps = "" if variant.long_run is None else f"{variant.long_run.steps:,} "
    text = f"the samples are right, {steps}steps in one are not: {_broken(variant, scopes)}."
    if variant.long_run is not None and variant.long_run.descent is not None:
        text += f" {descent_sentence(variant.long_run.descent)}"
    return text


def _not_finite(variant: VariantRecord, failure: Failure) -> str:
    """Values that are no numbers: how many, and where the first is."""
    check = failure.check
    if check.scope is Scope.WEIGHT:
        return (
            f"The model's constant {check.tensor} holds {check.value:,.0f} values that are NaN or"
            " infinite."
        )
    title = RUNGS[failure.rung].title
    what = {Scope.STATE: f"State output {check.tensor}", Scope.OUTPUT: f"Output {check.tensor}"}
    subject = what.get(check.scope, "The output")
    entry = next((rung for rung in variant.rungs if rung.name is failure.rung), None)
    place = ""
    if check.scope is Scope.SAMPLES and entry is not None and entry.first_nonfinite is not None:
        place = f", the first in sequence {entry.first_nonfinite[0]}"
    return (
        f"{subject} of {title} is not finite: {check.value:,.0f} values are NaN or infinite{place}."
    )


def _broken(variant: VariantRecord, scopes: Sequence[Scope]) -> str:
    return ", ".join(
        f"{item.name} is {item.value:g}{real_unit(item.unit)}"
        for item in variant.measurements
        if item.verdict is Verdict.FAIL and item.scope in scopes
    )


def failure_sentence(
    rungs: Sequence[Rung], failure: Failure, *, guess: bool = True, stepwise: bool = True
) -> str:
    """Where the error enters in the ladder and by how much; with `guess`, too, what it can come
    from. `stepwise`: outputs come in steps of time, and the first that differs is named.
    """
    check, limit = failure.check, failure.check.limit
    assert limit is not None
    entry = next(rung for rung in rungs if rung.name is failure.rung)
    value = entry.measured(check.measure)
    size = number(check.value if value is None else value)
    title = MEASURES[check.measure].title
    measured = f"{title} is {size}{_unit(check)}, {_wanted(limit, check.value)}"
    facts = RUNGS[entry.name]
    if MEASURES[check.measure].of_labels:
        kept = _before_kept(rungs, entry)
        return f"The error enters at {facts.title}: {measured}{kept}."
    assert entry.against is not None
    place = f"The error enters between {RUNGS[entry.against].title} and {facts.title}"
    hint = f" Possible causes: {facts.can_differ}." if guess and facts.can_differ else ""
    return f"{place}: {measured}{_where(entry, stepwise=stepwise)}.{hint}"


def pass_sentence(rungs: Sequence[Rung]) -> str:
    """How close the last rung is, and where most of the error of the ladder comes from."""
    last = rungs[-1]
    if last.against is None or last.max_abs is None:
        return f"Only {RUNGS[last.name].title} was run; there is nothing to compare it with."
    ours, theirs = _capital(RUNGS[last.name].title), RUNGS[last.against].title
    if last.differing == 0:
        first = f"{ours} equals {theirs} in all {last.values} values"
    elif last.max_lsb is not None:
        first = (
            f"{ours} differs from {theirs} by at most {last.max_lsb} LSB"
            f" in {last.differing} of {last.values} values"
        )
    else:
        first = f"{ours} differs from {theirs} by at most {number(last.max_abs)}"
    others = [rung for rung in rungs[:-1] if rung.max_abs]
    if not others:
        return f"{first}."
    largest = max(others, key=lambda rung: rung.max_abs or 0.0)
    assert largest.against is not None
    if (largest.max_abs or 0.0) <= last.max_abs:
        return f"{first}, the largest step of the ladder."
    return (
        f"{first}; the largest step of the ladder, {number(largest.max_abs or 0.0)}, is from"
        f" {RUNGS[largest.against].title} to {RUNGS[largest.name].title}."
    )


def _unit(check: Measurement) -> str:
    """As sentences say it: differences of outputs are in the outputs' own unit, and counts of
    values are plain.
    """
    return f" {check.unit}" if check.measure is Measure.MAX_LSB else ""


def _wanted(limit: Limit, value: float) -> str:
    """The bound that is broken, in words."""
    unit = " LSB" if limit.measure is Measure.MAX_LSB else ""
    if limit.maximum is not None and not value <= limit.maximum:
        return f"allowed are at most {limit.maximum:g}{unit}"
    return f"required are at least {limit.minimum:g}{unit}"


def _where(rung: Rung, *, stepwise: bool) -> str:
    """The worst sequence and the first differing step, where known."""
    if rung.worst is None:
        return ""
    place = f" (worst in sequence {rung.worst[0]}"
    if stepwise and rung.first_differing_step is not None:
        place += f", first difference at step {rung.first_differing_step}"
    broken = f", {rung.nonfinite} values are not finite" if rung.nonfinite else ""
    return f"{place}{broken})"


def _before_kept(rungs: Sequence[Rung], entry: Rung) -> str:
    """For a lost accuracy: what the rung before had."""
    position = list(rungs).index(entry)
    if position == 0:
        return ", before anything was converted"
    before = rungs[position - 1]
    if before.accuracy is None or entry.accuracy is None:
        return ""
    return f"; {RUNGS[before.name].title} still has {number(before.accuracy)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
