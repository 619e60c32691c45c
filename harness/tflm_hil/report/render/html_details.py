"""What a row of the page unfolds into: rungs, limits, cycles, the line, and every remark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tflm_hil.report.judgement import Measurement
from tflm_hil.report.records import VariantRecord
from tflm_hil.report.render import notes
from tflm_hil.report.render.details import histogram
from tflm_hil.report.render.entries import pair_title
from tflm_hil.report.render.errors import detail_lines
from tflm_hil.report.render.states import memory_text, steps_text
from tflm_hil.report.render.verdicts import verdict_text
from tflm_hil.report.render.wording import (
    MISSING,
    count,
    delta,
    limit_text,
    part_text,
    percent,
    plural,
    quantity,
    real,
    rmse,
    size,
)
from tflm_hil.report.statistics import Distribution


def variant_details(variant: VariantRecord) -> str:
    """Everything about one variant, as HTML."""
    parts = [_paragraph(variant.title, "dim")] if variant.title else []
    if text := verdict_text(variant):
        parts.append(_paragraph(text))
    if variant.error is not None:
        error = variant.error
        lines = (f"{error.type}: {error.sentence}", *detail_lines(error))
        parts.append(_paragraph("\n".join(lines), "item"))
        if error.remedy:
            parts.append(_paragraph(f"→ {error.remedy}"))
    parts += [
        _paragraph(f"{kind}: {text}", "item remark") for kind, text in notes.remarks_on(variant)
    ]
    if variant.rungs:
        parts.append(_rungs(variant))
    limits = [item for item in variant.measurements if item.limit is not None]
    if limits:
        parts.append(_limits(limits))
    if variant.cycles is not None:
        parts.append(_cycles(variant))
    if variant.link is not None:
        parts.append(_paragraph(_line(variant), "dim"))
    parts.append(_paragraph(_sizes(variant), "dim"))
    return "".join(parts)


def _rungs(variant: VariantRecord) -> str:
    rows = [
        [
            pair_title(rung),
            percent(rung.accuracy) if rung.accuracy is not None else rmse(rung.label_rmse),
            delta(rung),
            real(rung.max_abs),
            real(rung.mean_abs),
            real(rung.rmse),
            MISSING if rung.cosine is None else f"{rung.cosine:.5f}",
            percent(rung.argmax_agreement),
            MISSING if rung.differing is None else f"{rung.differing:,} of {rung.values:,}",
            histogram(rung),
        ]
        for rung in variant.rungs
    ]
    titles = (
        "rung", "accuracy % or RMSE", "largest |Δ|", "in real units", "mean |Δ|", "RMS Δ", "cosine",
        "same class %", "differing values", "LSB: values",
    )  # fmt: skip
    return _table(titles, rows)


def _limits(limits: Sequence[Measurement]) -> str:
    rows = [[item.name, quantity(item), limit_text(item), _judged(item)] for item in limits]
    return _table(("limit on", "measured", "limit", ""), rows)


def _judged(item: Measurement) -> str:
    return str(item.verdict) if item.not_judged is None else part_text(item.not_judged)


def _cycles(variant: VariantRecord) -> str:
    cycles = variant.cycles
    assert cycles is not None
    spreads = {
        "Invoke, streamed": cycles.streamed,
        "sequence": cycles.per_sequence,
        "Invoke, warm": cycles.warm,
        "Invoke, cold": cycles.cold,
    }
    rows = [[name, *_figures(spread)] for name, spread in spreads.items() if spread is not None]
    source = f"modelled, {cycles.source}" if cycles.modelled else cycles.source
    return _table((f"cycles ({source})", "min", "p50", "p99", "max", "count"), rows)


def _figures(spread: Distribution) -> list[str]:
    figures = (spread.minimum, spread.p50, spread.p99, spread.maximum, spread.count)
    return [f"{figure:,}" for figure in figures]


def _sizes(variant: VariantRecord) -> str:
    return (
        f"arena {count(variant.arena_bytes)} bytes, stack {count(variant.stack_bytes)} bytes, model"
        f" {count(variant.file_bytes)} bytes with SHA-256 {variant.sha256}"
    )


def _line(variant: VariantRecord) -> str:
    link = variant.link
    assert link is not None
    return (
        f"{variant.sequences:,} sequences{_length(variant)};"
        f" line: {size(link.bytes_sent)} out, {size(link.bytes_received)} in,"
        f" use {percent(link.payload_share)} %, device busy {percent(link.device_busy)} %,"
        f" {link.retransmissions:,} frames repeated, {link.crc_errors:,} damaged"
    )


def _length(variant: VariantRecord) -> str:
    """How long a sequence is, in steps of time where there are any, and how those are known."""
    invokes = variant.steps // variant.sequences if variant.sequences else 0
    parts = [f" of {plural(invokes, 'inference')}" if invokes else ""]
    parts += [f"; {text}" for text in (steps_text(variant), memory_text(variant)) if text]
    return "".join(parts)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        first, *others = (escape(cell) for cell in cells)
        rest = "".join(f'<{tag} class="n">{cell}</{tag}>' for cell in others)
        return f"<tr><{tag}>{first}</{tag}>{rest}</tr>"

    return f"<table>{row(titles, 'th')}{''.join(row(cells, 'td') for cells in rows)}</table>"


def _paragraph(text: str, kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f"<p{attribute}>{escape(text)}</p>"
