"""A table as lines of text: aligned columns, headings of two lines, and rows across all of it.

Columns have ranks: where the whole is too wide, those with the highest rank are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

GAP = 2


@dataclass(frozen=True)
class Head:
    """A column: its heading (lines separated by a line feed), its rank, and its side."""

    title: str
    keep: int
    right: bool = True


@dataclass(frozen=True)
class Across:
    """A row of its own: `text`, and `note` beginning at column `at` (an index in the heads)."""

    text: Text
    note: Text
    at: int


def grid(heads: Sequence[Head], rows: Sequence[Sequence[Text] | Across], width: int) -> Text:
    """The table within `width`; columns of rank 0 stay even if they are wider."""
    widths = _widths(heads, rows)
    kept = _kept(heads, widths, width)
    # the first column also holds what stands across
    start = min((row.at for row in rows if isinstance(row, Across)), default=0)
    before = [index for index in kept if index < start]
    longest = max((row.text.cell_len for row in rows if isinstance(row, Across)), default=0)
    taken = sum(widths[index] + GAP for index in before) - GAP
    room = width - sum(widths[index] + GAP for index in kept) + GAP
    if before and longest > taken and room > 0:
        widths[before[0]] += min(longest - taken, room)
    lines = _titles(heads, kept, widths)
    lines.append(Text("─" * (sum(widths[index] + GAP for index in kept) - GAP), style="dim"))
    for row in rows:
        if isinstance(row, Across):
            lines.append(_across(row, kept, widths, width))
        else:
            lines.append(_line([row[index] for index in kept], heads, kept, widths))
    return Text("\n").join(lines)


def shown(heads: Sequence[Head], rows: Sequence[Sequence[Text] | Across], width: int) -> list[int]:
    """Indices of the columns that `grid` has room for."""
    return _kept(heads, _widths(heads, rows), width)


def _widths(heads: Sequence[Head], rows: Sequence[Sequence[Text] | Across]) -> list[int]:
    """Of every column, with all its cells."""
    cells = [row for row in rows if not isinstance(row, Across)]
    return [
        max(
            *(len(line) for line in head.title.split("\n")),
            max((row[index].cell_len for row in cells), default=0),
        )
        for index, head in enumerate(heads)
    ]


def _kept(heads: Sequence[Head], widths: Sequence[int], width: int) -> list[int]:
    """Indices of the columns that there is room for."""
    kept = list(range(len(heads)))
    for rank in range(max(head.keep for head in heads), 0, -1):
        if sum(widths[index] + GAP for index in kept) - GAP <= width:
            break
        kept = [index for index in kept if heads[index].keep < rank]
    return kept


def _titles(heads: Sequence[Head], kept: Sequence[int], widths: Sequence[int]) -> list[Text]:
    height = max(heads[index].title.count("\n") for index in kept) + 1
    split = {index: heads[index].title.split("\n") for index in kept}
    # short headings stand at the bottom, next to what they name
    padded = {index: [""] * (height - len(parts)) + parts for index, parts in split.items()}
    return [
        _line([Text(padded[index][level], "dim") for index in kept], heads, kept, widths)
        for level in range(height)
    ]


def _line(
    cells: Sequence[Text], heads: Sequence[Head], kept: Sequence[int], widths: Sequence[int]
) -> Text:
    line = Text()
    for position, (index, cell) in enumerate(zip(kept, cells, strict=True)):
        space = " " * (widths[index] - cell.cell_len)
        line.append(" " * GAP if position else "")
        line.append_text(Text.assemble(space, cell) if heads[index].right else cell)
        line.append("" if heads[index].right else space)
    line.rstrip()
    return line


def _across(row: Across, kept: Sequence[int], widths: Sequence[int], width: int) -> Text:
    start = sum(widths[index] + GAP for index in kept if index < row.at)
    line = Text().append_text(row.text)
    line.append(" " * max(start - line.cell_len, GAP))
    line.append_text(row.note)
    line.truncate(width, overflow="ellipsis")
    line.rstrip()
    return line
