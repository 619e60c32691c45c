"""The report of a run on a terminal: circumstances, one table, then every problem in words.

Made from a `RunRecord` alone, so `hil report` shows an old report exactly as its run did. Works
from 80 columns (less important columns go first) and without colours.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from harness.report.details import details
from harness.report.records import (
    ErrorRecord,
    IncidentRecord,
    RunRecord,
    VariantRecord,
    Verdict,
)
from harness.report.wording import (
    MISSING,
    RUNG_MEANING,
    circumstance_lines,
    closing_line,
    delta,
    flash_text,
    kilobytes,
    limit_text,
    microseconds,
    percent,
    quantity,
    rung_of,
    widest_rung,
)

STYLE = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.ERROR: "bold magenta",
    Verdict.NONE: "dim",
}
RUNG_TITLES = {"keras": "Keras", "tflite": "TFLite", "tflm": "TFLM", "device": "board"}
CI_WIDTH = 120  # columns where nobody says how wide the output is


@dataclass(frozen=True)
class _Column:
    """`keep` ranks the columns: the ones with the smallest rank stay on a narrow terminal."""

    title: str
    keep: int
    justify: str = "right"


COLUMNS = (
    _Column("model\n  variant", 0, "left"),
    _Column("", 0, "left"),
    _Column("accuracy % of\nKeras TFLite TFLM board", 1),
    _Column("vs TFLM\nworst |Δ|", 0),
    _Column("largest step\nof the ladder", 2, "left"),
    _Column("cycles\np50", 0),
    _Column("µs\np50", 1),
    _Column("arena\nkB", 1),
    _Column("stack\nkB", 4),
    _Column("flash\nkB", 3),
    _Column("line\nuse %", 5),
)


def render(
    run: RunRecord,
    *,
    width: int | None = None,
    colour: bool = False,
    with_details: bool = False,
) -> str:
    """The whole report as text, with ANSI colours and the further tables if asked."""
    console = Console(
        file=io.StringIO(),
        width=width or CI_WIDTH,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(report(run, console.width, with_details=with_details))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def report(run: RunRecord, width: int = CI_WIDTH, *, with_details: bool = False) -> RenderableType:
    """The report as something that rich can print on any console."""
    parts: list[RenderableType] = [_head(run)]
    if run.variants:
        parts += [summary_table(run, width), Text(), _legend(run)]
    if with_details:
        parts.append(details(run))
    parts += [Padding(part, (1, 0, 0, 0)) for part in _problems(run)]
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
    for resume in run.resumed:
        grid.add_row(
            "resumed",
            Text(
                f"{resume.at}: this run had been cut off; {resume.sequences_kept:,} results "
                "are from before",
                style="yellow",
            ),
        )
    return Panel(grid, title=f"run {run.run_id}", title_align="left", border_style="dim")


# --- the table -------------------------------------------------------------------------------


def summary_table(run: RunRecord, width: int = CI_WIDTH) -> Table:
    """One line per variant, grouped by model; as many columns as `width` has room for."""
    for least_important in range(max(column.keep for column in COLUMNS), -1, -1):
        kept = [index for index, column in enumerate(COLUMNS) if column.keep <= least_important]
        table = _table(run, kept)
        wanted = Console(width=1000, file=io.StringIO()).measure(table).maximum
        if wanted <= width:
            break
    return table


def _table(run: RunRecord, kept: list[int]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="dim", show_edge=False)
    modelled = run.circumstances is not None and run.circumstances.clock.modelled
    for index in kept:
        column = COLUMNS[index]
        title = column.title
        if modelled and title.startswith(("cycles", "µs")):
            title = title.replace("p50", "~p50")
        table.add_column(
            title,
            justify="left" if column.justify == "left" else "right",
            no_wrap=True,
        )
    model = ""
    for variant in run.variants:
        if variant.model != model:
            model = variant.model
            table.add_row(Text(model, style="bold"))
        cells = _cells(run, variant)
        table.add_row(*[cells[index] for index in kept])
    return table


def _cells(run: RunRecord, variant: VariantRecord) -> list[Text]:
    widest = widest_rung(variant)
    step = MISSING
    if widest is not None and widest.max_abs == 0:
        step = "none"
    elif widest is not None:
        step = f"{delta(widest)} {RUNG_TITLES.get(widest.name, widest.name)}"
    middle = variant.cycles.streamed if variant.cycles else None
    core_hz = run.circumstances.clock.core_hz if run.circumstances else 0
    device = rung_of(variant, "device")
    return [
        Text(f"  {variant.dtype} {variant.export}"),
        Text(str(variant.verdict).upper(), style=STYLE[variant.verdict]),
        _accuracy(variant),
        Text(delta(device), style="red" if variant.verdict_rung == "device" else ""),
        Text(step),
        Text(f"{middle.p50:,}" if middle else MISSING),
        Text(microseconds(middle.p50, core_hz) if middle and core_hz else MISSING),
        Text(kilobytes(variant.arena_bytes)),
        Text(kilobytes(variant.stack_bytes)),
        Text(kilobytes(variant.file_bytes)),
        Text(percent(variant.link.payload_share if variant.link else None, 0)),
    ]


def _accuracy(variant: VariantRecord) -> Text:
    widths = (5, 6, 4, 5)
    cells = []
    for name, cell_width in zip(RUNG_TITLES, widths, strict=True):
        rung = rung_of(variant, name)
        cells.append(percent(rung.accuracy if rung else None).rjust(cell_width))
    return Text(" ".join(cells))


def _legend(run: RunRecord) -> Text:
    lines = [
        "vs TFLM: what the board computed against desktop TFLM on the same inputs, worst of all "
        "outputs",
        "largest step: where the largest difference enters on the way "
        "Keras → TFLite → TFLM → board",
    ]
    if run.circumstances is not None and run.circumstances.clock.modelled:
        source = run.circumstances.clock.cycle_source
        lines.append(f"~ cycles and times are modelled by the emulator ({source})")
    return Text("\n".join(lines), style="dim")


# --- problems --------------------------------------------------------------------------------


def _problems(run: RunRecord) -> Iterator[RenderableType]:
    yield from (_failure(variant) for variant in run.variants if variant.verdict is Verdict.FAIL)
    in_error = _by_error(run.variants)
    for error, names in in_error.items():
        yield _error(_listed(names), error)
    for error in run.errors:
        yield _error("the run", error)
    for finding in run.findings:
        yield Text.assemble(("would fail on silicon: ", STYLE[Verdict.ERROR]), finding)
    told = {error.sentence for error in in_error}
    for incident in run.incidents:
        adds_nothing = not incident.test and not incident.recovery and not incident.error.details
        if not incident.provoked and not (adds_nothing and incident.error.sentence in told):
            yield _incident(incident)
    provoked = [incident for incident in run.incidents if incident.provoked]
    if provoked:
        yield _provoked(provoked)


def _by_error(variants: Sequence[VariantRecord]) -> dict[ErrorRecord, list[str]]:
    """The variants of each error: a board that is gone is told once, not for each of them."""
    found: dict[ErrorRecord, list[str]] = {}
    for variant in variants:
        if variant.verdict is Verdict.ERROR and variant.error is not None:
            found.setdefault(variant.error, []).append(variant.id)
    return found


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _incident(incident: IncidentRecord) -> Text:
    place = f" in {incident.test}" if incident.test else ""
    text = Text.assemble((f"incident{place}: ", "yellow"), _one_line(incident.error.sentence))
    for detail in incident.error.details:
        text.append(f"\n  {detail}", style="dim")
    if incident.recovery:
        text.append(f"\n  → {incident.recovery}")
    return text


def _provoked(incidents: list[IncidentRecord]) -> Text:
    """All went as it should: a line each, the registers are in report.json."""
    text = Text("provoked by tests, and explained as it should be:", style="dim")
    for incident in incidents:
        place = next(
            (line for line in incident.error.details if line.startswith("pc ")),
            _one_line(incident.error.sentence),
        )
        name = incident.test.rpartition("::")[2]
        text.append(f"\n  {incident.error.type:<12}{place}\n{'':<14}in {name}", style="dim")
    return text


def _failure(variant: VariantRecord) -> Text:
    text = Text.assemble(
        (f"{variant.id} FAILED", STYLE[Verdict.FAIL]), f": {variant.sentence}".rstrip(": ")
    )
    if variant.verdict_rung in RUNG_MEANING:
        text.append(f"\n  the error enters at {RUNG_MEANING[variant.verdict_rung]}")
    for measurement in variant.measurements:
        if measurement.verdict is Verdict.FAIL:
            text.append(
                f"\n  {measurement.name}: {quantity(measurement)}, limit {limit_text(measurement)}"
            )
    return text


def _error(where: str, error: ErrorRecord) -> Text:
    text = Text.assemble((f"{where}: {error.type}", STYLE[Verdict.ERROR]), f": {error.sentence}")
    for detail in error.details:
        text.append(f"\n  {detail}", style="dim")
    if error.remedy:
        text.append(f"\n  → {error.remedy}")
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _closing(run: RunRecord) -> Text:
    unfinished = "" if run.complete else " (not complete)"
    return Text.assemble(
        (str(run.verdict).upper() + unfinished, STYLE[run.verdict]), f" · {closing_line(run)}"
    )
