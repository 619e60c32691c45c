"""The columns of the zoo table: what they are called and what stands in them.

One list for the terminal, Markdown and HTML, so that all three say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tflm_hil.report.judgement import Verdict
from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.report.render.entries import (
    ACCURACY,
    AUC,
    RMSE,
    Entry,
    cycles_per_inference,
    cycles_per_sequence,
    cycles_per_step,
    measure,
    quality,
    rung_names,
    rung_of,
    rung_title,
    variant_name,
    widest_rung,
)
from tflm_hil.report.render.wording import MISSING, count, delta, kilobytes, percent, rmse, spread
from tflm_hil.vocabulary import RungName

T = TypeVar("T")

# Columns up to this rank are in documents, too; the rest stands with each variant.
DOCUMENT_RANK = 4

LARGEST_STEP = "largest"  # key of the column that the legend explains where it is shown


@dataclass(frozen=True)
class Column(Generic[T]):
    """`title` is for documents, `short` (two lines) for terminals and pages. `keep` ranks the
    columns: the ones with the smallest rank stay on a narrow terminal. `value` is what a page
    sorts by; None means by the text. `exact` is the text of documents, where it differs. `of_rung`:
    how well one rung of the ladder does the task.
    """

    key: str
    title: str
    short: str
    keep: int
    text: Callable[[T], str]
    value: Callable[[T], float | None] | None = None
    exact: Callable[[T], str] | None = None
    words: bool = False
    of_rung: bool = False

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers, which stand at the right; `words` may be sorted by number."""
        return self.value is not None and not self.words


def variant_columns(run: RunRecord) -> tuple[Column[VariantRecord], ...]:
    """One row a variant."""
    core_hz = run.circumstances.clock.core_hz if run.circumstances else 0
    modelled = run.circumstances is not None and run.circumstances.clock.modelled
    near = "~" if modelled else ""

    def micros(variant: VariantRecord) -> float | None:
        cycles = cycles_per_inference(variant)
        return cycles / core_hz * 1e6 if cycles is not None and core_hz else None

    names = rung_names(run.variants)
    ends = (RungName.KERAS, RungName.DEVICE)
    return (
        Column("variant", "variant", "entry\n  variant", 0, variant_name),
        Column("verdict", "verdict", "", 0, lambda v: str(v.verdict).upper()),
        *(_quality(name, 1 if name in ends else 2) for name in names),
        Column(
            "difference", "board against desktop TFLM, largest |Δ|", "board vs\nTFLM, |Δ|", 0,
            lambda v: delta(rung_of(v, RungName.DEVICE)),
            lambda v: _max_abs(v, RungName.DEVICE),
            _difference,
        ),
        Column(
            LARGEST_STEP, "largest error enters at", "largest step\nof the ladder", 3,
            _largest,
            _largest_abs,
            words=True,
        ),
        Column(
            "cycles", f"cycles per inference, {near}p50", f"cycles\n{near}/Invoke", 0,
            lambda v: count(cycles_per_inference(v)),
            cycles_per_inference,
        ),
        Column(
            "cycles_step", f"cycles per step, {near}p50", f"cycles\n{near}/step", 4,
            lambda v: count(cycles_per_step(v)),
            cycles_per_step,
        ),
        Column(
            "cycles_sequence", f"cycles per sequence, {near}p50", f"cycles\n{near}/sequence", 4,
            lambda v: count(cycles_per_sequence(v)),
            cycles_per_sequence,
        ),
        Column(
            "micros", f"µs per inference, {near}p50", f"µs\n{near}/Invoke", 1,
            lambda v: MISSING if (us := micros(v)) is None else f"{us:,.1f}",
            micros,
        ),
        _size("arena", "arena, bytes", 1, lambda v: v.arena_bytes),
        _size("flash", "model in flash, bytes", 3, lambda v: v.file_bytes),
        _size("stack", "stack, bytes", 6, lambda v: v.stack_bytes),
        Column(
            "line", "line use, %", "line\nuse %", 5,
            lambda v: percent(v.link.payload_share if v.link else None, 0),
            lambda v: v.link.payload_share if v.link else None,
        ),
    )  # fmt: skip


def entry_columns(run: RunRecord) -> tuple[Column[Entry], ...]:
    """One row an entry: the extremes of its variants."""
    modelled = run.circumstances is not None and run.circumstances.clock.modelled
    near = "~" if modelled else ""
    return (
        Column("entry", "entry", "entry", 0, lambda e: e.model),
        Column("verdict", "verdict", "", 0, lambda e: str(e.verdict).upper()),
        Column("variants", "variants", "variants\npassed", 0, _passed, lambda e: len(e.variants)),
        Column("measure", "measure", "", 1, lambda e: e.measure or MISSING),
        Column("first", "Keras", "Keras", 2, lambda e: _worst_quality(e, RungName.KERAS), _none),
        Column("last", "board", "board\nworst", 1,
               lambda e: _worst_quality(e, RungName.DEVICE), _none),
        Column("differing", "integers that differ from TFLM", "integers\ndiffering", 0,
               _differing, _none),
        Column("floats", "floats vs TFLM, |Δ|", "floats vs\nTFLM, |Δ|", 0, _floats, _none),
        Column("cycles", f"cycles per inference, {near}p50", f"cycles\n{near}/Invoke", 0,
               lambda e: spread([cycles_per_inference(v) for v in e.variants], count), _none),
        Column("cycles_step", f"cycles per step, {near}p50", f"cycles\n{near}/step", 3,
               lambda e: spread([cycles_per_step(v) for v in e.variants], count), _none),
        Column("arena", "arena, kB", "arena\nkB", 4,
               lambda e: spread([v.arena_bytes for v in e.variants], kilobytes), _none),
        Column("flash", "flash, kB", "flash\nkB", 5,
               lambda e: spread([v.file_bytes for v in e.variants], kilobytes), _none),
    )  # fmt: skip


def quality_text(variant: VariantRecord, rung: str) -> str:
    """Accuracy in per cent, or RMSE in the unit of the output."""
    value = quality(variant, rung)
    if value is None:
        return MISSING
    of = measure(variant)
    return percent(value) if of == ACCURACY else f"{value:.4f}" if of == AUC else rmse(value)


def _quality(rung: RungName, keep: int) -> Column[VariantRecord]:
    title = rung_title(rung)
    return Column(
        f"quality_{rung}", title, title, keep,
        lambda v: quality_text(v, rung), lambda v: quality(v, rung), of_rung=True,
    )  # fmt: skip


def _size(
    key: str, title: str, keep: int, size: Callable[[VariantRecord], int | None]
) -> Column[VariantRecord]:
    return Column(
        key, title, f"{key}\nkB", keep,
        lambda v: kilobytes(size(v)), size, lambda v: count(size(v)),
    )  # fmt: skip


def _difference(variant: VariantRecord) -> str:
    rung = rung_of(variant, RungName.DEVICE)
    if rung is None or rung.max_lsb is None:
        return delta(rung)
    return f"{delta(rung)}, {rung.differing or 0:,} of {rung.values or 0:,} differ"


def _max_abs(variant: VariantRecord, name: str) -> float | None:
    rung = rung_of(variant, name)
    return rung.max_abs if rung is not None else None


def _largest_abs(variant: VariantRecord) -> float | None:
    widest = widest_rung(variant)
    return widest.max_abs if widest is not None else None


def _largest(variant: VariantRecord) -> str:
    widest = widest_rung(variant)
    if widest is None:
        return MISSING
    return "none" if widest.max_abs == 0 else f"{delta(widest)} {rung_title(widest.name)}"


# --- entries ---------------------------------------------------------------------------------


def _none(_: Entry) -> float | None:
    """A number without a sorting key."""
    return None


def _passed(entry: Entry) -> str:
    passed = sum(variant.verdict is Verdict.PASS for variant in entry.variants)
    total = len(entry.variants)
    return f"{total}" if passed == total else f"{passed} of {total}"


def _worst_quality(entry: Entry, rung: str) -> str:
    judged = [v for v in entry.variants if quality(v, rung) is not None]
    if not judged:
        return MISSING
    pick = max if entry.measure == RMSE else min
    return quality_text(pick(judged, key=lambda v: quality(v, rung) or 0.0), rung)


def _differing(entry: Entry) -> str:
    devices = [rung_of(v, RungName.DEVICE) for v in entry.variants]
    compared = [rung for rung in devices if rung is not None and rung.max_lsb is not None]
    if not compared:
        return MISSING
    values = sum(rung.values or 0 for rung in compared)
    return f"{sum(rung.differing or 0 for rung in compared):,} of {values:,}"


def _floats(entry: Entry) -> str:
    devices = [rung_of(v, RungName.DEVICE) for v in entry.variants]
    compared = [
        rung
        for rung in devices
        if rung is not None and rung.max_lsb is None and rung.max_abs is not None
    ]
    return delta(max(compared, key=lambda rung: rung.max_abs or 0.0)) if compared else MISSING
