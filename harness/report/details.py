"""What the summary table has no room for: three more tables, for who asks.

Cycles with their spread, cold and warm; what went over the line; every rung with all its metrics.
Shown by `pytest -v`, `hil report --details`, and always in the HTML report.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.report.records import Rung, RunRecord, VariantRecord
from harness.report.statistics import Distribution
from harness.report.wording import MISSING, delta, percent, real, size

HISTOGRAM_LEVELS = 4  # as many of the smallest |Δ| are listed; the rest is one number


def details(run: RunRecord) -> RenderableType:
    """All three tables; nothing for a run without variants."""
    measured = [variant for variant in run.variants if variant.rungs]
    if not measured:
        return Text()
    modelled = run.circumstances is not None and run.circumstances.clock.modelled
    marker = " (modelled)" if modelled else ""
    return Group(
        Text(f"\ncycles of one Invoke{marker}", style="bold"),
        _cycles(measured),
        Text("\nthe line", style="bold"),
        _line(measured),
        Text("\nthe ladder, each rung against the one before", style="bold"),
        _ladder(measured),
        *_drift(measured),
        *_messages(measured),
    )


def _drift(variants: list[VariantRecord]) -> list[Text]:
    """Error against step in words, of the variants that put out every step."""
    lines = [Text(f"{v.id}: {line}") for v in variants for line in v.drift]
    return [Text("\ndrift over the steps of a sequence", style="bold"), *lines] if lines else []


def _messages(variants: list[VariantRecord]) -> list[Text]:
    """What the engine printed on the board, though it went on."""
    lines = [Text(f"{v.id}: {line}") for v in variants for line in v.messages]
    return [Text("\nprinted by the engine", style="bold"), *lines] if lines else []


def _table(*titles: str) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="dim", show_edge=False)
    for number, title in enumerate(titles):
        table.add_column(title, justify="right" if number else "left", no_wrap=True)
    return table


def _cycles(variants: list[VariantRecord]) -> Table:
    table = _table("variant", "min", "p50", "p99", "max", "steps", "warm p50", "cold p50")

    def cell(found: Distribution | None, figure: Callable[[Distribution], int]) -> str:
        return MISSING if found is None else f"{figure(found):,}"

    for variant in variants:
        if variant.cycles is None:
            continue
        streamed = variant.cycles.streamed
        table.add_row(
            variant.id,
            cell(streamed, lambda d: d.minimum),
            cell(streamed, lambda d: d.p50),
            cell(streamed, lambda d: d.p99),
            cell(streamed, lambda d: d.maximum),
            cell(streamed, lambda d: d.count),
            cell(variant.cycles.warm, lambda d: d.p50),
            cell(variant.cycles.cold, lambda d: d.p50),
        )
    return table


def _line(variants: list[VariantRecord]) -> Table:
    table = _table(
        "variant", "sent", "received", "payload", "use %", "busy %", "repeated", "damaged"
    )
    for variant in variants:
        link = variant.link
        if link is None:
            continue
        table.add_row(
            variant.id,
            size(link.bytes_sent),
            size(link.bytes_received),
            size(link.payload_bytes),
            percent(link.payload_share),
            percent(link.device_busy),
            f"{link.retransmissions:,}",
            f"{link.crc_errors:,}",
        )
    return table


def _ladder(variants: list[VariantRecord]) -> Table:
    table = _table(
        "variant", "max |Δ|", "mean |Δ|", "RMSE", "cosine", "argmax %", "differing", "LSB: values"
    )
    for variant in variants:
        table.add_row(variant.id)
        for rung in variant.rungs:
            if rung.max_abs is None:
                continue
            table.add_row(
                f"  {rung.name} against {rung.against}",
                delta(rung),
                real(rung.mean_abs),
                real(rung.rmse),
                MISSING if rung.cosine is None else f"{rung.cosine:.5f}",
                percent(rung.argmax_agreement),
                f"{rung.differing:,}",
                histogram(rung),
            )
    return table


def histogram(rung: Rung) -> str:
    """`0:3,412 1:188 >3:4`: how many values differ by so many LSB."""
    if rung.lsb_histogram is None:
        return ""
    counts = {int(level): count for level, count in rung.lsb_histogram.items()}
    parts = [f"{level}:{counts[level]:,}" for level in range(HISTOGRAM_LEVELS) if level in counts]
    beyond = sum(count for level, count in counts.items() if level >= HISTOGRAM_LEVELS)
    if beyond:
        parts.append(f">{HISTOGRAM_LEVELS - 1}:{beyond:,}")
    return " ".join(parts)
