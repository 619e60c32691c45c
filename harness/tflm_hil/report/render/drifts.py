"""How errors move over the steps, in sentences for terminal and report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tflm_hil.report.drifting import (
    ChaosRecord,
    DriftRecord,
    ForcedRecord,
    LongRunRecord,
    Saturation,
    Trend,
    TrendKind,
)
from tflm_hil.report.records import VariantRecord
from tflm_hil.report.render.causes import descent_sentence
from tflm_hil.report.render.wording import short
from tflm_hil.vocabulary import RUNGS

STEP, WINDOW = "step", "window"


def drift_lines(variant: VariantRecord) -> tuple[str, ...]:
    """Of the long run if there was one, else over the samples; a sentence a line."""
    if variant.legacy is not None:
        return variant.legacy.drift
    if variant.long_run is not None:
        return tuple(long_run_lines(variant.long_run))
    return tuple(sample_lines(variant.drift))


def sample_lines(drifts: Iterable[DriftRecord]) -> Iterator[str]:
    """Every rung against the one before, then how full the last one is."""
    last = None
    for last in drifts:
        yield drift_sentence(last)
    if last is not None and last.saturation is not None and last.saturation.count:
        yield saturation_sentence(last.saturation)


def long_run_lines(run: LongRunRecord) -> Iterator[str]:
    """Every rung against the one before, the device against Keras, then what explains them."""
    per = STEP if run.rows == 1 else WINDOW
    if run.rows > 1:
        yield (
            f"{run.steps:,} steps are {run.invokes} windows of {run.rows}, the state carried from"
            " one to the next."
        )
    yield from (drift_sentence(item, per) for item in run.drifts)
    if run.from_keras is not None:
        yield drift_sentence(run.from_keras, per)
    else:
        yield f"Keras did not run the long sequence: {run.without_keras}."
    if run.chaos is not None and (text := chaos_sentence(run.chaos)):
        yield text
    if run.forced is not None:
        yield forced_sentence(run.forced, per, integer=run.integer)
    output = run.drifts[-1].saturation
    if output is not None:
        full = [item for item in (output, *run.states) if item.count]
        yield from (saturation_sentence(item, per) for item in full)
        if run.states and not any(item.count for item in run.states):
            yield "No state reaches an end of its range."
    if run.descent is not None:
        yield descent_sentence(run.descent)


def drift_sentence(drift: DriftRecord, per: str = STEP) -> str:
    """Where the difference begins, how large it becomes, and how it moves."""
    pair = f"{RUNGS[drift.name].title} against {RUNGS[drift.against].title}"
    pair = pair[:1].upper() + pair[1:]
    if drift.first_differing_step is None:
        return f"{pair}: no difference in {drift.steps} {per}s."
    text = (
        f"{pair}: first difference at {per} {drift.first_differing_step}, at most"
        f" {short(drift.max_abs)} in {drift.steps} {per}s; {_movement(drift.trend, per)}"
    )
    if drift.first_diverging_step is not None:
        text += f", beyond its bounds from {per} {drift.first_diverging_step} on"
    if drift.lost:
        text += ", as large as the outputs vary"
    return f"{text}."


def _movement(trend: Trend, per: str) -> str:
    level = f"RMS {short(trend.level)} in the second half"
    if trend.kind is TrendKind.TOO_SHORT:
        return f"too few {per}s to tell a drift"
    if trend.kind is TrendKind.BOUNDED:
        if trend.jump_step is not None:
            return f"the error is bounded but jumps at {per} {trend.jump_step} ({level})"
        return f"the error is bounded ({level})"
    if trend.kind is TrendKind.LINEAR:
        return f"the error grows linearly, by {short(1000 * trend.slope)} in 1000 {per}s ({level})"
    if not trend.doubling_steps:
        return f"the error diverges ({level})"
    return f"the error diverges, doubling every {short(trend.doubling_steps)} {per}s ({level})"


def chaos_sentence(chaos: ChaosRecord) -> str:
    """Empty where nothing grows and everything is explained."""
    if not chaos.explained:
        return (
            f"From step {chaos.first_step} on the device is further from desktop TFLM than"
            f" rounding explains: {short(chaos.excess)} times as far as TFLite, or desktop TFLM"
            " with its input moved by one rounding."
        )
    if not chaos.grows:
        return ""
    return (
        "The network multiplies every rounding: TFLite, or desktop TFLM with its input moved by"
        f" one, gets {chaos.own:.2g} of its largest output away from desktop TFLM (more than"
        f" {chaos.large:g} from step {chaos.large_from} on). The device parts no faster."
    )


def forced_sentence(forced: ForcedRecord, per: str, *, integer: bool) -> str:
    """Of steps that each start from the right state."""
    start = f"{forced.steps:,} {per}s, each from desktop TFLM's own state"
    if integer and forced.differing:
        return f"{start}: {forced.differing:,} of {forced.values:,} values differ."
    if integer or not forced.max_abs:
        return f"{start}: no difference in {forced.values:,} values."
    return f"{start}: at most {short(forced.max_abs)}."


def saturation_sentence(ends: Saturation, per: str = STEP) -> str:
    """How many values are at an end of their range."""
    subject = f"State {ends.state}" if ends.state else "The output"
    return (
        f"{subject}: {ends.count:,} of {ends.values:,} values ({ends.count / ends.values:.2%})"
        f" are at an end of their range, first at {per} {ends.first_step}."
    )
