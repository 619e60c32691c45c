"""What a run noticed beside its verdicts: nothing failed, but a person should know.

    for note in notes(run):
        print(note.kind, note.where, note.text)

The same words about several variants are one note.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.report.render.drifts import drift_lines
from tflm_hil.report.render.labels import label_lines
from tflm_hil.report.render.saturation import saturation_lines
from tflm_hil.report.render.states import recognised_lines, suspected_lines
from tflm_hil.report.render.wording import part_text
from tflm_hil.vocabulary import Severity


class NoteKind(StrEnum):
    """What a remark is about, and how it is introduced."""

    LEFT_OUT = "left out"
    NOT_JUDGED = "not judged"
    DRIFT = "drift"
    ENGINE = "printed by the engine"
    TO_KNOW = "note"
    STATES = "states"
    LABELS = "labels"
    SATURATION = "saturation"
    LINT = "before flashing"
    LINT_NOTE = "good to know before flashing"


# There are many of these, all harmless: they are counted, and shown with `--details`.
QUIET = (NoteKind.DRIFT, NoteKind.LINT_NOTE)


@dataclass(frozen=True)
class Note:
    """One remark: `kind`, the variants that it is about (ids), and the remark."""

    kind: NoteKind
    variants: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.text}"

    @property
    def where(self) -> str:
        """The variant, or the entries if there are several."""
        if len(self.variants) <= 1:
            return "".join(self.variants)
        return f"{len(self.variants)} variants ({self.variants[0]} …)"


def notes(run: RunRecord) -> tuple[Note, ...]:
    """All remarks, those about the run's extent first."""
    ids_of: dict[tuple[NoteKind, str], list[str]] = {}
    for kind, variant, text in _remarks(run):
        ids_of.setdefault((kind, text), []).append(variant)
    return tuple(Note(kind, tuple(ids), text) for (kind, text), ids in ids_of.items())


def remarks_on(variant: VariantRecord) -> Iterator[tuple[NoteKind, str]]:
    """(kind, remark) of one variant."""
    parts = dict.fromkeys(item.not_judged for item in variant.measurements if item.not_judged)
    for part in parts:
        assert part is not None
        names = [item.name for item in variant.measurements if item.not_judged == part]
        yield NoteKind.NOT_JUDGED, f"{', '.join(names)} {part_text(part)}"
    for line in variant.notes:
        yield NoteKind.TO_KNOW, line
    for line in (*recognised_lines(variant), *suspected_lines(variant)):
        yield NoteKind.STATES, line
    for line in saturation_lines(variant):
        yield NoteKind.SATURATION, line
    for line in label_lines(variant):
        yield NoteKind.LABELS, line
    for lint in variant.lints:
        if variant.error is None or lint.severity is not Severity.ERROR:  # an error tells its own
            kind = NoteKind.LINT_NOTE if lint.severity is Severity.NOTE else NoteKind.LINT
            yield kind, f"{lint.severity} {lint.code}: {lint.sentence}"
    for line in drift_lines(variant):
        yield NoteKind.DRIFT, line
    for line in variant.messages:
        yield NoteKind.ENGINE, line


def _remarks(run: RunRecord) -> Iterator[tuple[NoteKind, str, str]]:
    for left_out in run.left_out:
        yield NoteKind.LEFT_OUT, left_out.id, left_out.reason
    for variant in run.variants:
        for kind, text in remarks_on(variant):
            yield kind, variant.id, text
