"""The report as one HTML file without anything beside it: for mails and CI artefacts.

The words and columns are the terminal's. The table can be sorted and filtered, and a row unfolds
into everything that is known of its variant; without scripts all of it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from tflm_hil.files import write_text
from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.report.render import notes
from tflm_hil.report.render.circumstance_text import circumstance_lines, flash_text
from tflm_hil.report.render.columns import DOCUMENT_RANK, Column, variant_columns
from tflm_hil.report.render.entries import measure
from tflm_hil.report.render.failing import failing_tests
from tflm_hil.report.render.html_details import variant_details
from tflm_hil.report.render.problems import problems
from tflm_hil.report.render.resumption_text import resumption_lines, unfinished_text
from tflm_hil.report.render.summary import (
    closing_line,
    equality_line,
    legend_lines,
    streaming_line,
    verdict_word,
)
from tflm_hil.report.render.wording import MISSING
from tflm_hil.visible import visible
from tflm_hil.vocabulary import RungName

_HERE = Path(__file__).parent

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tflm-hil: {title}</title>
<style>
{style}</style>
</head>
<body>
{body}
<script>
{script}</script>
</body>
</html>
"""


def render(run: RunRecord) -> str:
    """The whole page."""
    parts = [_head(run)]
    if run.variants:
        parts += [_filters(), _table(run)]
        parts.append(f'<p class="legend">{"<br>".join(map(escape, legend_lines(run)))}</p>')
    parts += _section("Problems", [text.plain for text in problems(run, every=True)], "item")
    parts += _section("Tests that did not pass", list(failing_tests(run)), "item")
    # the others stand in the rows of their variants
    remarks = [str(note) for note in notes.notes(run) if note.kind not in notes.QUIET]
    parts += _section("Remarks", remarks, "item remark")
    page = PAGE.format(
        title=escape(run.run_id),
        style=(_HERE / "report.css").read_text("utf-8"),
        body="\n".join(parts),
        script=(_HERE / "report.js").read_text("utf-8"),
    )
    return visible(page)


def write(run: RunRecord, path: Path) -> None:
    """Write the page to `path`."""
    write_text(path, render(run))


def _head(run: RunRecord) -> str:
    lines = [
        f"<h1>tflm-hil · {escape(run.run_id)}</h1>",
        f'<p><span class="badge {run.verdict}">{escape(verdict_word(run))}'
        f"{escape(unfinished_text(run))}</span>"
        f"{escape(closing_line(run))}</p>",
    ]
    lines += [
        f'<p class="dim">{escape(line)}</p>'
        for line in (equality_line(run), streaming_line(run))
        if line
    ]
    facts = list(circumstance_lines(run.circumstances)) if run.circumstances else []
    if not facts:
        facts.append(("board", "was not reached: there is nothing to say about it"))
    if run.flash:
        facts.append(("flashed", flash_text(run.flash)))
    facts += resumption_lines(run)
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in facts)
    lines.append(
        '<details open id="circumstances"><summary>what the numbers are true under</summary>'
        f"<dl>{rows}</dl></details>"
    )
    return "\n".join(lines)


def _filters() -> str:
    return (
        '<div class="filters">'
        '<input type="search" id="search" placeholder="filter: gru int8 step …"'
        ' aria-label="filter variants">'
        '<label><input type="checkbox" id="problems"> only what did not pass</label>'
        '<span class="dim" id="shown"></span></div>'
    )


def _table(run: RunRecord) -> str:
    columns = [column for column in variant_columns(run) if column.keep <= DOCUMENT_RANK]
    headings = [f"<th>{escape(column.title)}</th>" for column in columns[:2]]
    headings.append("<th>measure</th>")
    headings += [
        f'<th{_side(column)} title="{escape(column.title)}">'
        f"{'<br>'.join(map(escape, column.short.splitlines()))}</th>"
        for column in columns[2:]
    ]
    rows = [row for variant in run.variants for row in _rows(columns, variant)]
    return (
        '<div class="scroll"><table class="zoo">\n'
        f"<thead><tr>{''.join(headings)}</tr></thead>\n"
        f"<tbody>\n{''.join(rows)}</tbody></table></div>"
    )


def _rows(columns: Sequence[Column[VariantRecord]], variant: VariantRecord) -> Iterable[str]:
    """The variant, and behind it all that there is to know."""
    name, verdict, *others = columns
    words = f"{variant.id} {variant.dtype} {variant.export} {variant.task or ''} {variant.verdict}"
    cells = [
        f'<th scope="row"><span class="entry">{escape(variant.model)}</span>'
        f'<span class="name">{escape(name.text(variant))}</span></th>',
        f'<td class="v-{variant.verdict}">{escape(verdict.text(variant))}</td>',
        f"<td>{escape(measure(variant) or MISSING)}</td>",
    ]
    for column in others:
        assert column.value is not None
        value = column.value(variant)
        at_device = variant.entered is RungName.DEVICE
        bad = " bad" if column.key == "difference" and at_device else ""
        cells.append(
            f'<td{_side(column, bad)} data-v="{"" if value is None else value}">'
            f"{escape(column.text(variant))}</td>"
        )
    yield (
        f'<tr class="variant" data-verdict="{variant.verdict}" data-text="{escape(words.lower())}">'
        f"{''.join(cells)}</tr>\n"
    )
    yield (
        f'<tr class="more"><td colspan="{len(cells)}"><div class="inner">'
        f"{variant_details(variant)}</div></td></tr>\n"
    )


def _side(column: Column[VariantRecord], more: str = "") -> str:
    kinds = f"{'n' if column.numeric else ''}{more}".strip()
    return f' class="{kinds}"' if kinds else ""


def _section(title: str, items: Sequence[str], kind: str) -> list[str]:
    if not items:
        return []
    paragraphs = "\n".join(f'<p class="{kind}">{escape(item)}</p>' for item in items)
    return [f"<h2>{escape(title)}</h2>\n{paragraphs}"]
