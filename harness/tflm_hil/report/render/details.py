"""What the zoo table has no room for: further tables, for who asks.

Cycles with their spread, cold and warm; what went over the line; every rung with all its metrics;
drift, and what the engine printed. Shown by `pytest -v` and `hil report --details`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from textwrap import fill

from rich.text import Text

from tflm_hil.report.judgement import Rung
from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.report.render.drifts import drift_lines
from tflm_hil.report.render.entries import pair_title
from tflm_hil.report.render.grid import Head, grid
from tflm_hil.report.render.wording import MISSING, delta, percent, real, size
from tflm_hil.report.statistics import Distribution

HISTOGRAM_LEVELS = 4  # as many of the smallest |Δ| are listed; the rest is one number


def details(run: RunRecord, width: int) -> Iterator[Text]:
    """The tables and lines, with their headings; nothing for a run without variants."""
    measured = [variant for variant in run.variants if variant.rungs]
    if not measured:
        return
    modelled = run.circumstances is not None and run.circumstances.clock.modelled
    yield _heading(f"cycles of one Invoke{' (modelled)' if modelled else ''}")
    yield _cycles(measured, width)
    yield _heading("the line")
    yield _line(measured, width)
    yield _heading("the ladder, each rung against the one before")
    yield _ladder(measured, width)
    drifting = {variant.id: lines for variant in measured if (lines := drift_lines(variant))}
    if drifting:
        yield _heading("drift over the steps of a sequence")
        for name, lines in drifting.items():
            yield Text(name)
            yield from _indented(lines, width)
    printed = [Text(f"{v.id}: {line}") for v in measured for line in v.messages]
    if printed:
        yield _heading("printed by the engine")
        yield from printed


def _indented(lines: Iterable[str], width: int) -> Iterator[Text]:
    """Sentences under the name that they belong to, each on as many lines as it needs."""
    for line in lines:
        yield Text(fill(line, max(40, width), initial_indent="  ", subsequent_indent="    "))


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _table(titles: list[str], rows: list[list[str]], width: int) -> Text:
    """The columns further to the right go first where there is no room."""
    heads = [Head(title, number // 3, right=number > 0) for number, title in enumerate(titles)]
    return grid(heads, [[Text(cell) for cell in row] for row in rows], width)


def _cycles(variants: list[VariantRecord], width: int) -> Text:
    def cell(spread: Distribution | None, figure: Callable[[Distribution], int]) -> str:
        return MISSING if spread is None else f"{figure(spread):,}"

    rows = []
    for variant in variants:
        if variant.cycles is None:
            continue
        streamed = variant.cycles.streamed
        rows.append(
            [
                variant.id,
                cell(streamed, lambda d: d.minimum),
                cell(streamed, lambda d: d.p50),
                cell(streamed, lambda d: d.p99),
                cell(streamed, lambda d: d.maximum),
                cell(streamed, lambda d: d.count),
                cell(variant.cycles.warm, lambda d: d.p50),
                cell(variant.cycles.cold, lambda d: d.p50),
            ]
        )
    titles = ["variant", "min", "p50", "p99", "max", "Invokes", "warm p50", "cold p50"]
    return _table(titles, rows, width)


def _line(variants: list[VariantRecord], width: int) -> Text:
    rows = [
        [
            variant.id,
            size(link.bytes_sent),
            size(link.bytes_received),
            size(link.payload_bytes),
            percent(link.payload_share),
            percent(link.device_busy),
            f"{link.retransmissions:,}",
            f"{link.crc_errors:,}",
        ]
        for variant in variants
        if (link := variant.link) is not None
    ]
    titles = ["variant", "sent", "received", "payload", "use %", "busy %", "repeated", "damaged"]
    return _table(titles, rows, width)


def _ladder(variants: list[VariantRecord], width: int) -> Text:
    rows = []
    for variant in variants:
        rows.append([variant.id, *[""] * 7])
        rows += [_rung(rung) for rung in variant.rungs if rung.max_abs is not None]
    titles = [
        *("variant", "max |Δ|", "mean |Δ|", "RMSE", "cosine", "argmax %", "differing"),
        "LSB: values",
    ]
    return _table(titles, rows, width)


def _rung(rung: Rung) -> list[str]:
    return [
        f"  {pair_title(rung)}",
        delta(rung),
        real(rung.mean_abs),
        real(rung.rmse),
        MISSING if rung.cosine is None else f"{rung.cosine:.5f}",
        percent(rung.argmax_agreement),
        f"{rung.differing:,}",
        histogram(rung),
    ]


def histogram(rung: Rung) -> str:
    """`0:3,412 1:188 >3:4`: the number of values by |Δ| in LSB."""
    if rung.lsb_histogram is None:
        return ""
    counts = rung.lsb_histogram
    parts = [f"{level}:{counts[level]:,}" for level in range(HISTOGRAM_LEVELS) if level in counts]
    beyond = sum(count for level, count in counts.items() if level >= HISTOGRAM_LEVELS)
    if beyond:
        parts.append(f">{HISTOGRAM_LEVELS - 1}:{beyond:,}")
    return " ".join(parts)
