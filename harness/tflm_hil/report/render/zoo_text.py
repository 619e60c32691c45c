"""The zoo table on a terminal: every variant under its entry, or one line an entry.

A zoo of two hundred variants is more than a person reads: beyond `MANY` the entries are listed,
and of the variants those that did not pass.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from rich.text import Text

from tflm_hil.report.judgement import Verdict
from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.report.render.columns import LARGEST_STEP, Column, entry_columns, variant_columns
from tflm_hil.report.render.entries import Entry, entries
from tflm_hil.report.render.grid import Across, Head, grid, shown
from tflm_hil.report.render.summary import legend_lines
from tflm_hil.vocabulary import RungName

Rows = Literal["auto", "variants", "entries"]

MANY = 60
STYLE = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.ERROR: "bold magenta",
    Verdict.BLOCKED: "magenta",
    Verdict.NONE: "dim",
}


def zoo_text(run: RunRecord, width: int, rows: Rows = "auto") -> Text:
    """The table or tables for this run, and what their headings mean."""
    if rows == "variants" or (rows == "auto" and len(run.variants) <= MANY):
        text, columns = variant_table(run, entries(run), width)
        return text.append_text(_legend(run, columns))
    text = entry_table(run, width)
    # what was not measured has no figures; the reason stands below the table
    missed = [
        Entry(
            entry.model,
            tuple(v for v in entry.variants if v.rungs and v.verdict is not Verdict.PASS),
        )
        for entry in entries(run)
    ]
    missed = [entry for entry in missed if entry.variants]
    if not missed:
        return text.append_text(_legend(run, None))
    text.append("\n\nnot passed\n", style="bold")
    table, columns = variant_table(run, missed, width)
    return text.append_text(table).append_text(_legend(run, columns))


def _legend(run: RunRecord, columns: Collection[str] | None) -> Text:
    """Below the table with these columns, or (None) below that with a line an entry; without the
    line of a column that a narrow terminal has no room for.
    """
    lines = legend_lines(
        run, by_entry=columns is None, largest_step=columns is not None and LARGEST_STEP in columns
    )
    return Text("\n\n" + "\n".join(lines) if lines else "", style="dim")


def variant_table(
    run: RunRecord, wanted: Sequence[Entry], width: int
) -> tuple[Text, Collection[str]]:
    """One line a variant, below the name of its entry and what its figures measure; and the keys
    of the columns that there is room for.
    """
    columns = variant_columns(run)
    first = next((i for i, column in enumerate(columns) if column.of_rung), len(columns))
    rows: list[list[Text] | Across] = []
    for entry in wanted:
        note = Text.assemble((entry.measure, "cyan"), "  " if entry.measure else "")
        note.append(entry.title, style="dim")
        rows.append(Across(Text(entry.model, style="bold"), note, first))
        rows += [[_cell(column, variant) for column in columns] for variant in entry.variants]
    heads = [_head(column) for column in columns]
    kept = {columns[index].key for index in shown(heads, rows, width)}
    return grid(heads, rows, width), kept


def entry_table(run: RunRecord, width: int) -> Text:
    """One line an entry."""
    columns = entry_columns(run)
    rows = []
    for entry in entries(run):
        cells = [Text(column.text(entry)) for column in columns]
        cells[1].stylize(STYLE[entry.verdict])
        rows.append(cells)
    return grid([_head(column) for column in columns], rows, width)


def _head(column: Column[VariantRecord] | Column[Entry]) -> Head:
    return Head(column.short, column.keep, column.numeric)


def _cell(column: Column[VariantRecord], variant: VariantRecord) -> Text:
    text = column.text(variant)
    if column.key == "variant":
        return Text(f"  {text}")
    if column.key == "verdict":
        return Text(text, style=STYLE[variant.verdict])
    if column.key == "difference" and variant.entered is RungName.DEVICE:
        return Text(text, style="red")
    return Text(text)
