"""In words: what was taken over from runs that were cut off, what was left, what was damaged."""

from __future__ import annotations

from collections.abc import Iterator

from tflm_hil.report.records import RunRecord
from tflm_hil.report.resumption import (
    DamageKind,
    DamageRecord,
    Interruption,
    PassedOver,
    PassedOverRecord,
    ResumeRecord,
)

_DAMAGE = {
    DamageKind.CHECKSUM: ("is not as it was written", "are not as they were written"),
    DamageKind.MISSING: ("is missing", "are missing"),
    DamageKind.REPEATED: ("is there twice", "are there twice"),
    DamageKind.TORN: ("was not written to its end", "were not written to their ends"),
}
_PASSED_OVER = {
    PassedOver.OTHER_SCOPE: "was of other models or settings",
    PassedOver.OTHER_VERSION: "was written by another version of tflm-hil",
    PassedOver.UNREADABLE: "does not say any more what it was of",
}
_INTERRUPTION = {
    Interruption.KEYBOARD: "interrupted",
    Interruption.TERMINATED: "ended by SIGTERM",
    Interruption.MISTAKE: "ended by a mistake of tflm-hil's own",
}


def resumption_lines(run: RunRecord) -> Iterator[tuple[str, str]]:
    """Label and sentence of each."""
    for resumed in run.resumed:
        yield "resumed", _resumed(resumed)
    for passed in run.passed_over:
        yield "cut off", passed_over_text(passed)
    for damage in run.damaged:
        yield "damaged", damage_text(damage)


def _resumed(record: ResumeRecord) -> str:
    number = f"{record.sequences_kept:,} results"
    if record.run_id:
        text = f"{record.at}: {number} are from the run {record.run_id}, which was cut off"
    else:
        text = f"{record.at}: this run had been cut off; {number} are from before"
    if record.sequences_unused:
        text += (
            f"; {record.sequences_unused:,} more in its journal fit nothing that was measured now"
        )
    if record.sequences_refuted:
        text += (
            f"; {record.sequences_refuted:,} were measured again, since the board answers one of "
            "them differently now"
        )
    return text


def passed_over_text(record: PassedOverRecord) -> str:
    """A sentence on a run that was cut off and stays as it is."""
    text = (
        f"the run {record.run_id} was cut off with {record.results:,} results, and "
        f"{_PASSED_OVER[record.reason]}: it stays as it is"
    )
    if record.reason is PassedOver.OTHER_SCOPE:
        text += "; a run of the same models and settings goes on with it"
    return text


def damage_text(record: DamageRecord) -> str:
    """A sentence on lines of a journal."""
    one, many = _DAMAGE[record.kind]
    named = ", ".join(map(str, record.lines))
    more = ", …" if record.count > len(record.lines) else ""
    lines = "1 line" if record.count == 1 else f"{record.count:,} lines"
    return (
        f"{lines} of the journal of {record.run_id} {one if record.count == 1 else many} "
        f"(at {named}{more}): what they held was measured again; the file is kept as {record.kept}"
    )


def unfinished_text(run: RunRecord) -> str:
    """What stands behind the verdict of a run that did not come to its end, empty otherwise."""
    if run.complete:
        return ""
    if run.interrupted is None:
        return " (not complete)"
    return f" (not complete: {_INTERRUPTION[run.interrupted]})"
