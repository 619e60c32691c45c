"""A run in a few lines: its verdict, counts, times, and how far the board is from desktop TFLM."""

from __future__ import annotations

from collections.abc import Iterable

from tflm_hil.report.judgement import Rung, Scope, Verdict
from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.report.render.entries import (
    ACCURACY,
    AUC,
    RMSE,
    entries,
    rung_names,
    rung_of,
    rung_title,
)
from tflm_hil.report.render.wording import duration, plural, real
from tflm_hil.vocabulary import Measure, RungName


def legend_lines(run: RunRecord, *, by_entry: bool = False, largest_step: bool = True) -> list[str]:
    """What the headings of the zoo table mean, or of that with a line an entry.

    `largest_step`: whether there is a column of that name.
    """
    measures = {entry.measure for entry in entries(run)} - {""}
    lines = []
    if measures:
        meaning = {
            ACCURACY: "accuracy %: share of decisions that are the label's",
            AUC: "AUC: area under the ROC curve, 0.5 is chance",
            RMSE: "RMSE: root mean square error against the labels, unit of the output",
        }
        lines.append("; ".join(meaning[name] for name in (ACCURACY, AUC, RMSE) if name in measures))
    if not rung_names(run.variants):
        return lines
    if by_entry:
        lines.append(
            "board worst: of all variants; differing: outputs of integer variants that are not"
            " those of desktop TFLM"
        )
        return lines + _source_line(run)
    lines.append(
        "board vs TFLM: the board against desktop TFLM on the same inputs, worst of all outputs"
    )
    if largest_step:
        lines.append(
            "largest step: where the largest difference enters on the way "
            + " → ".join(rung_title(name) for name in rung_names(run.variants))
        )
    return lines + _source_line(run)


def _source_line(run: RunRecord) -> list[str]:
    if run.circumstances is None or not run.circumstances.clock.modelled:
        return []
    source = run.circumstances.clock.cycle_source
    return [f"~ cycles and times are modelled by the emulator ({source})"]


def verdict_word(run: RunRecord) -> str:
    """The verdict of the run; one that learned nothing, or has no limits, says so."""
    if run.learned_nothing:
        return "NOTHING MEASURED"
    return "NOT JUDGED" if run.verdict is Verdict.NONE else str(run.verdict).upper()


def closing_line(run: RunRecord) -> str:
    """Counts and times of the run in one line."""
    sequences = sum(variant.sequences for variant in run.variants)
    by_verdict = {
        verdict: sum(variant.verdict is verdict for variant in run.variants) for verdict in Verdict
    }
    parts = [
        f"{plural(len(run.variants), 'variant')} of {plural(len(entries(run)), 'entry', 'entries')}"
        if run.variants
        else "no variant measured"
    ]
    parts += [
        f"{by_verdict[verdict]} {word}"
        for verdict, word in (
            (Verdict.PASS, "passed"),
            (Verdict.FAIL, "failed"),
            (Verdict.ERROR, "with an error"),
            (Verdict.BLOCKED, "blocked"),
            (Verdict.NONE, "without a limit"),
        )
        if by_verdict[verdict]
    ]
    if run.left_out:
        parts.append(f"{len(run.left_out)} left out")
    if not run.variants and run.tests.passed:
        parts.append(f"{plural(run.tests.passed, 'test')} passed")
    tests = run.tests.failed + run.tests.errors
    if tests and run.verdict in (Verdict.FAIL, Verdict.ERROR):
        parts.append(f"{plural(tests, 'test')} failed")
    if run.tests.blocked:
        parts.append(f"{plural(run.tests.blocked, 'test')} blocked")
    if sequences:
        parts.append(f"{sequences:,} sequences")
    parts.append(duration(run.seconds))
    return " · ".join(parts)


def equality_line(run: RunRecord) -> str:
    """How far the board is from desktop TFLM over the whole run; empty if nothing was compared."""
    devices = [(variant, rung_of(variant, RungName.DEVICE)) for variant in run.variants]
    compared = [(variant, rung) for variant, rung in devices if rung is not None]
    integers = [(v, rung) for v, rung in compared if rung.max_lsb is not None]
    floats = [
        rung.max_abs for _, rung in compared if rung.max_lsb is None and rung.max_abs is not None
    ]
    parts = []
    if integers:
        differing = sum(rung.differing or 0 for _, rung in integers)
        values = sum(rung.values or 0 for _, rung in integers)
        parts.append(
            f"{differing:,} of {values:,} outputs of {plural(len(integers), 'integer variant')}"
            " differ"
        )
        steps = _differing(integers, Scope.OUTPUT, Scope.STATE)
        if steps:
            parts.append(f"{sum(steps):,.0f} outputs and states of their single steps")
        long = _differing(integers, Scope.LONG_RUN)
        if long:
            among = plural(len(long), "variant")
            parts.append(f"{sum(long):,.0f} in long sequences without a reset ({among})")
    if floats:
        parts.append(f"floats by at most {real(max(floats))}")
    return f"board against desktop TFLM: {', '.join(parts)}" if parts else ""


def _differing(compared: Iterable[tuple[VariantRecord, Rung]], *scopes: Scope) -> list[float]:
    """Counts of differing values that were measured there, of these variants."""
    return [
        item.value
        for variant, _ in compared
        for item in variant.measurements
        if item.measure is Measure.DIFFERING and item.scope in scopes
    ]


def streaming_line(run: RunRecord) -> str:
    """What streaming cost against what device and line need by themselves; empty if not known.

    Below 1 they have worked at the same time. On an emulated board the board's own clock is
    virtual: wall time is what the emulation took.
    """
    busy, line, own = run.device_busy_seconds, run.line_seconds, run.streaming_board_seconds
    if busy is None or line is None or own is None or busy + line <= 0:
        return ""
    needed = busy + line
    text = (
        f"device {duration(busy)} + line {duration(line)}: streaming took"
        f" {duration(own)} on the board's own clock ({own / needed:.2f} x)"
    )
    if run.streaming_seconds is not None:
        text += (
            f" and {duration(run.streaming_seconds)} of wall time; the whole run"
            f" {duration(run.seconds)} ({run.seconds / needed:.2f} x)"
        )
    return text
