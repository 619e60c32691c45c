"""`zoo.md`: the zoo table of a run as Markdown, for repositories, merge requests and issues."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tflm_hil.files import write_text
from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.report.render import notes
from tflm_hil.report.render.circumstance_text import circumstance_lines
from tflm_hil.report.render.columns import DOCUMENT_RANK, Column, variant_columns
from tflm_hil.report.render.drifts import drift_lines
from tflm_hil.report.render.entries import ACCURACY, AUC, RMSE, measure
from tflm_hil.report.render.failing import failing_tests
from tflm_hil.report.render.problems import problems
from tflm_hil.report.render.resumption_text import resumption_lines, unfinished_text
from tflm_hil.report.render.summary import (
    closing_line,
    equality_line,
    legend_lines,
    streaming_line,
    verdict_word,
)
from tflm_hil.report.render.wording import plural
from tflm_hil.visible import visible

TABLE_NAME = "zoo.md"

SECTIONS = {
    ACCURACY: "Classification: accuracy on each rung, in %",
    AUC: "Anomalies: area under the ROC curve on each rung",
    RMSE: "Regression: RMSE against the labels on each rung, in the unit of the output",
    "": "Without labels, or not measured",
}


def write(run: RunRecord, path: Path) -> Path:
    """Write the table to `path`."""
    write_text(path, render(run))
    return path


def render(run: RunRecord) -> str:
    """The whole document."""
    return visible("\n".join(_lines(run)) + "\n")


def _lines(run: RunRecord) -> Iterator[str]:
    yield f"# Run {run.run_id}"
    yield ""
    yield f"**{verdict_word(run)}{unfinished_text(run)}** · {closing_line(run)}"
    for line in (equality_line(run), streaming_line(run)):
        if line:
            yield f"<br>{line}"
    yield ""
    facts = list(circumstance_lines(run.circumstances)) if run.circumstances else []
    facts += resumption_lines(run)
    if facts:
        yield "| | |"
        yield "|---|---|"
        for label, text in facts:
            yield f"| {label} | {_escaped(text)} |"
        yield ""
    columns = [column for column in variant_columns(run) if column.keep <= DOCUMENT_RANK]
    for key, title in SECTIONS.items():
        variants = [variant for variant in run.variants if measure(variant) == key]
        if variants:
            yield from ("", f"## {title}", "")
            yield from _table(columns, variants)
    yield from ("", *(f"{line}  " for line in legend_lines(run)), "")
    yield from _section("Problems", [text.plain for text in problems(run, every=True)])
    yield from _section("Tests that did not pass", list(failing_tests(run)))
    remarks = notes.notes(run)
    yield from _section("Remarks", [str(note) for note in remarks if note.kind not in notes.QUIET])
    drift = [f"{v.id}: {' '.join(lines)}" for v in run.variants if (lines := drift_lines(v))]
    yield from _folded(f"drift of {plural(len(drift), 'variant')}", drift)
    kind = notes.NoteKind.LINT_NOTE
    quiet = [f"{note.where}: {note.text}" for note in remarks if note.kind is kind]
    yield from _folded(kind, quiet)


def _table(
    columns: Sequence[Column[VariantRecord]], variants: Sequence[VariantRecord]
) -> Iterator[str]:
    yield f"| entry | {' | '.join(_escaped(column.title) for column in columns)} |"
    yield f"|---|{'|'.join('---:' if column.numeric else '---' for column in columns)}|"
    for variant in variants:
        cells = [_escaped((column.exact or column.text)(variant)) for column in columns]
        yield f"| {_escaped(variant.model)} | {' | '.join(cells)} |"


def _section(title: str, items: Sequence[str]) -> Iterator[str]:
    if not items:
        return
    yield from (f"## {title}", "")
    yield from _items(items)
    yield ""


def _folded(summary: str, items: Sequence[str]) -> Iterator[str]:
    """On pages that know how to."""
    if not items:
        return
    yield from (f"<details><summary>{summary}</summary>", "")
    yield from _items(items)
    yield from ("", "</details>", "")


def _items(items: Sequence[str]) -> Iterator[str]:
    for item in items:
        first, *others = item.splitlines()
        yield f"- {_escaped(first)}"
        yield from (f"  {_escaped(line.strip())}" for line in others)


def _escaped(text: str) -> str:
    """What Markdown would read as its own, and a cell as its end."""
    for mark in "\\|<*`":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", "<br>")
