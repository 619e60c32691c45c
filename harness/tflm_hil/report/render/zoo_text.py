"""The zoo table on a terminal: every variant under its entry, or one line an entry.

A zoo of two hundred variants is more than a person reads: beyond `MANY` the entries are listed,
and of the variants those that did not pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.text import Text

from tflm_hil.report.records import RunRecord, VariantRecord, Verdict
from tflm_hil.report.render.columns import Column, entry_columns, variant_columns
from tflm_hil.report.render.entries import Entry, entries
from tflm_hil.report.render.grid import Across, Head, grid
from tflm_hil.report.render.summary import legend_lines

Rows = Literal["auto", "variants", "entries"]

MANY = 60
LARGEST_STEP = "largest step"
STYLE = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.ERROR: "bold magenta",
    Verdict.NONE: "dim",
}


def zoo_text(run: RunRecord, width: int, rows: Rows = "auto") -> Text:
    """The table or tables for this run, and what their headings mean."""
    if rows == "variants" or (rows == "auto" and len(run.variants) <= MANY):
        text = variant_table(run, entries(run), width)
        return text.append_text(_legend(text, legend_lines(run)))
    text = entry_table(run, width)
    # what was not measured has no figures; why, is told below the table
    missed = [
        Entry(
            entry.model,
            tuple(v for v in entry.variants if v.rungs and v.verdict is not Verdict.PASS),
        )
        for entry in entries(run)
    ]
    missed = [entry for entry in missed if entry.variants]
    if missed:
        text.append("\n\nnot passed\n", style="bold")
        text.append_text(variant_table(run, missed, width))
    return text.append_text(_legend(text, legend_lines(run, by_entry=not missed)))


def _legend(table: Text, lines: Sequence[str]) -> Text:
    """Below the table; without the line of the column that a narrow terminal has no room for."""
    wide = LARGEST_STEP in table.plain
    told = [line for line in lines if wide or not line.startswith(LARGEST_STEP)]
    return Text("\n\n" + "\n".join(told) if told else "", style="dim")


def variant_table(run: RunRecord, wanted: Sequence[Entry], width: int) -> Text:
    """One line a variant, below the name of its entry and what its figures measure."""
    columns = variant_columns(run)
    first = next(
        (i for i, column in enumerate(columns) if column.key.startswith("quality_")), len(columns)
    )
    rows: list[list[Text] | Across] = []
    for entry in wanted:
        note = Text.assemble((entry.measure, "cyan"), "  " if entry.measure else "")
        note.append(entry.title, style="dim")
        rows.append(Across(Text(entry.model, style="bold"), note, first))
        rows += [[_cell(column, variant) for column in columns] for variant in entry.variants]
    return grid([_head(column) for column in columns], rows, width)


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
    if column.key == "difference" and variant.verdict_rung == "device":
        return Text(text, style="red")
    return Text(text)
