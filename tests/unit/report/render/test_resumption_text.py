"""What was taken over, left or damaged stands in every form of the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tflm_hil.report import json_report
from tflm_hil.report.records import RunRecord
from tflm_hil.report.render import html, markdown, terminal
from tflm_hil.report.render.resumption_text import (
    damage_text,
    passed_over_text,
    resumption_lines,
    unfinished_text,
)
from tflm_hil.report.resumption import (
    DamageKind,
    DamageRecord,
    Interruption,
    PassedOver,
    PassedOverRecord,
    ResumeRecord,
)

from tests.unit.report import synthetic

AT = "2026-11-22T01:15:02+00:00"
RESUMED = (
    ResumeRecord(AT, 812, sequences_unused=40, sequences_refuted=3),
    ResumeRecord(AT, 7, "earlier-run"),
)
DAMAGED = DamageRecord("this-run", DamageKind.CHECKSUM, 30, (4, 9), "journal.damaged-1.jsonl")
LEFT = PassedOverRecord("left-run", PassedOver.OTHER_SCOPE, 1200)


def interrupted() -> RunRecord:
    return replace(
        synthetic.run(),
        complete=False,
        resumed=RESUMED,
        damaged=(DAMAGED,),
        passed_over=(LEFT,),
        interrupted=Interruption.TERMINATED,
    )


def test_each_is_told_with_its_numbers() -> None:
    lines = dict.fromkeys(text for _, text in resumption_lines(interrupted()))
    assert list(lines) == [
        f"{AT}: this run had been cut off; 812 results are from before; 40 more in its journal fit "
        "nothing that was measured now; 3 were measured again, since the board answers one of them "
        "differently now",
        f"{AT}: 7 results are from the run earlier-run, which was cut off",
        "the run left-run was cut off with 1,200 results, and was of other models or settings: it "
        "stays as it is; a run of the same models and settings goes on with it",
        "30 lines of the journal of this-run are not as they were written (at 4, 9, …): what they "
        "held was measured again; the file is kept as journal.damaged-1.jsonl",
    ]


def test_every_form_has_all_of_it(tmp_path: Path) -> None:
    run = interrupted()
    forms = [html.render(run), markdown.render(run), terminal.render(run, width=1000)]
    for text in forms:
        assert "(not complete: ended by SIGTERM)" in text
        for words in ("812 results", "earlier-run", "left-run", "journal.damaged-1.jsonl"):
            assert words in text
    json_report.write(run, tmp_path)
    assert json_report.read(tmp_path) == run


@pytest.mark.parametrize("kind", DamageKind)
@pytest.mark.parametrize("count", [1, 2])
def test_every_damage_has_words(kind: DamageKind, count: int) -> None:
    text = damage_text(DamageRecord("run", kind, count, (1, 2)[:count], "kept"))
    assert text.startswith("1 line of" if count == 1 else "2 lines of")
    assert "…" not in text


@pytest.mark.parametrize("reason", PassedOver)
def test_every_reason_has_words(reason: PassedOver) -> None:
    assert "it stays as it is" in passed_over_text(PassedOverRecord("run", reason, 1))


def test_only_a_run_that_is_not_complete_says_so() -> None:
    run = replace(synthetic.run(), complete=True)
    assert unfinished_text(run) == ""
    assert unfinished_text(replace(run, complete=False)) == " (not complete)"
    for reason in Interruption:
        text = unfinished_text(replace(run, complete=False, interrupted=reason))
        assert text.startswith(" (not complete: ")
