"""The report of a run on a terminal: circumstances, the zoo table, then every problem in words.

Made from a `RunRecord` alone, so `hil report` shows an old report exactly as its run did. Works
from 80 columns (less important columns go first) and without colours.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tflm_hil.report.judgement import Verdict
from tflm_hil.report.records import RunRecord
from tflm_hil.report.render import notes
from tflm_hil.report.render.circumstance_text import circumstance_lines, flash_text
from tflm_hil.report.render.console import Console
from tflm_hil.report.render.details import details
from tflm_hil.report.render.failing import failing_tests
from tflm_hil.report.render.problems import problems
from tflm_hil.report.render.resumption_text import resumption_lines, unfinished_text
from tflm_hil.report.render.summary import closing_line, equality_line, streaming_line, verdict_word
from tflm_hil.report.render.zoo_text import STYLE, Rows, zoo_text

CI_WIDTH = 120  # columns where nobody says how wide the output is
NOTES_OF_A_KIND = 5  # these are shown, the others counted


def render(
    run: RunRecord,
    *,
    width: int | None = None,
    colour: bool = False,
    with_details: bool = False,
    rows: Rows = "auto",
) -> str:
    """The whole report as text, with ANSI colours and the further tables if asked."""
    console = Console(
        file=io.StringIO(),
        width=width or CI_WIDTH,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(report(run, console.width, with_details=with_details, rows=rows))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def report(
    run: RunRecord,
    width: int = CI_WIDTH,
    *,
    with_details: bool = False,
    rows: Rows = "auto",
) -> RenderableType:
    """The report as something that rich can print on any console."""
    parts: list[RenderableType] = [_head(run)]
    if run.variants:
        shown: Rows = "variants" if with_details else rows
        parts.append(zoo_text(run, width, shown))
    if with_details:
        parts += details(run, width)
    parts += [Padding(part, (1, 0, 0, 0)) for part in problems(run, every=with_details)]
    remarks = list(_remarks(run, every=with_details))
    if remarks:
        parts += [Text(), *remarks]
    parts += [Padding(part, (1, 0, 0, 0)) for part in _failing(run, every=with_details)]
    parts += [Text(), _closing(run)]
    return Group(*parts)


# --- circumstances ---------------------------------------------------------------------------


def _head(run: RunRecord) -> Panel:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    if run.circumstances is None:
        grid.add_row("board", "was not reached: there is nothing to say about it")
    else:
        for label, text in circumstance_lines(run.circumstances):
            grid.add_row(label, text)
    if run.flash:
        grid.add_row("flashed", flash_text(run.flash))
    for label, text in resumption_lines(run):
        grid.add_row(label, Text(text, style="yellow"))
    return Panel(grid, title=f"run {run.run_id}", title_align="left", border_style="dim")


# --- what is no problem ----------------------------------------------------------------------


def _remarks(run: RunRecord, *, every: bool) -> Iterator[Text]:
    """A line a remark."""
    by_kind: dict[notes.NoteKind, list[notes.Note]] = {}
    for note in notes.notes(run):
        by_kind.setdefault(note.kind, []).append(note)
    for kind, remarks in by_kind.items():
        limit = len(remarks) if every else 0 if kind in notes.QUIET else NOTES_OF_A_KIND
        if every and kind in (notes.NoteKind.DRIFT, notes.NoteKind.ENGINE):
            continue  # the details say it
        for note in remarks[:limit]:
            yield Text.assemble((f"{kind}: ", "yellow"), f"{note.where}: {note.text}")
        rest = len(remarks) - limit
        if rest > 0:
            more = "more " if limit else ""
            yield Text(f"{kind}: {rest} {more}with --details", style="dim")


def _failing(run: RunRecord, *, every: bool) -> Iterator[Text]:
    """Last before the verdict: what a log is searched for stands at its end."""
    for text in failing_tests(run, every=every):
        first, newline, rest = text.partition("\n")
        yield Text.assemble((first, STYLE[Verdict.FAIL]), newline, rest)


# --- the end ---------------------------------------------------------------------------------


def _closing(run: RunRecord) -> Text:
    text = Text.assemble(
        (verdict_word(run) + unfinished_text(run), STYLE[run.verdict]), f" · {closing_line(run)}"
    )
    for line in (equality_line(run), streaming_line(run)):
        text.append(f"\n{line}" if line else "", style="dim")
    return text
