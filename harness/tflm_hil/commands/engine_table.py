"""Several engines side by side, as text or Markdown: what each costs and how far it is from
desktop TFLM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from tflm_hil.report.judgement import Rung
from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.vocabulary import RungName, Task

_KILO = 1024
_OPERATORS_NAMED = 3


class Carried(StrEnum):
    """What becomes of a variant's state between two calls."""

    NONE = "none"  # there is none
    KEPT = "kept"
    WIPED = "wiped"
    UNSEEN = "not seen"  # it changes no output of these samples, on desktop TFLM either


@dataclass(frozen=True)
class StateBetweenCalls:
    """`wiped_by` are the operators that had the state, where it is gone."""

    carried: Carried
    wiped_by: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As the table has it."""
        by = f" by {', '.join(self.wiped_by)}" if self.wiped_by else ""
        return f"{self.carried}{by}"


NO_STATE = StateBetweenCalls(Carried.NONE)


@dataclass(frozen=True)
class EngineResult:
    """One engine's run. `operators`: variant → operator → cycles of one inference; `state`:
    variant → what becomes of its state between two calls.

    `flash_bytes_used_operators` is the firmware with only the operators that the models use, None
    where there is no choice.
    """

    label: str
    record: RunRecord
    operators: dict[str, dict[str, int]]
    state: dict[str, StateBetweenCalls]
    flash_bytes: int
    flash_bytes_used_operators: int | None

    @property
    def variants(self) -> dict[str, VariantRecord]:
        """By id."""
        return {variant.id: variant for variant in self.record.variants}


@dataclass(frozen=True)
class Section:
    """One table: a name and a cell for each engine in every row."""

    title: str
    labels: list[str]
    rows: list[tuple[str, list[str]]]

    def text(self) -> str:
        """Aligned columns below the title."""
        table = [("", self.labels), *self.rows]
        names = max(len(name) for name, _ in table)
        widths = [max(len(cells[i]) for _, cells in table) for i in range(len(self.labels))]
        lines = [
            name.ljust(names)
            + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
            for name, cells in table
        ]
        return "\n".join([self.title, *lines])

    def markdown(self) -> str:
        """A table with its title as heading."""
        lines = [
            f"| {' | '.join([name, *cells])} |" for name, cells in [("", self.labels), *self.rows]
        ]
        lines.insert(1, f"|---|{'---:|' * len(self.labels)}")
        return "\n".join([f"## {self.title}", "", *lines])


def render(results: list[EngineResult]) -> str:
    """All tables, one below the other; the first engine is the one that others are compared to."""
    first = results[0]
    slower = [text for other in results[1:] if (text := _slower(first, other))]
    return "\n\n".join([*(section.text() for section in sections(results)), *slower])


def markdown(results: list[EngineResult]) -> str:
    """The same as a Markdown document."""
    first = results[0]
    slower = [f"```\n{text}\n```" for other in results[1:] if (text := _slower(first, other))]
    title = f"# Engines side by side: {', '.join(result.label for result in results)}"
    return "\n\n".join([title, *(item.markdown() for item in sections(results)), *slower]) + "\n"


def sections(results: list[EngineResult]) -> list[Section]:
    """The tables, a row a variant."""
    labels = [result.label for result in results]
    first = results[0]

    def rows(cell: Callable[[EngineResult, str], str]) -> list[tuple[str, list[str]]]:
        return [(id_, [cell(result, id_) for result in results]) for id_ in first.variants]

    states = rows(lambda result, id_: str(result.state.get(id_, "error")))
    return [
        Section(
            f"cycles of an inference, p50 ({_source(first)}); in brackets: {labels[0]} = 1",
            labels,
            rows(lambda result, id_: _cycles(result, id_, first)),
        ),
        Section("arena, bytes", labels, rows(lambda result, id_: _arena(result.variants.get(id_)))),
        Section(
            "board against desktop TFLM: outputs that differ · their |Δ| · same class",
            labels,
            rows(_difference),
        ),
        Section(
            "state between two calls",
            labels,
            [(id_, cells) for id_, cells in states if first.state.get(id_) != NO_STATE],
        ),
        Section("firmware", labels, list(_firmware_rows(results))),
    ]


def _source(result: EngineResult) -> str:
    cycles = next((v.cycles for v in result.record.variants if v.cycles is not None), None)
    if cycles is None:
        return "not measured"
    return f"modelled, {cycles.source}" if cycles.modelled else cycles.source


def _p50(result: EngineResult, id_: str) -> int | None:
    variant = result.variants.get(id_)
    cycles = variant.cycles if variant is not None else None
    return cycles.streamed.p50 if cycles is not None and cycles.streamed is not None else None


def _cycles(result: EngineResult, id_: str, first: EngineResult) -> str:
    own, base = _p50(result, id_), _p50(first, id_)
    if own is None:
        return "error"
    return f"{own:,} ({own / base:4.2f})" if base else f"{own:,}"


def _arena(variant: VariantRecord | None) -> str:
    if variant is None or variant.arena_bytes is None:
        return "error"
    return f"{variant.arena_bytes:,}"


def _difference(result: EngineResult, id_: str) -> str:
    variant = result.variants.get(id_)
    rungs: tuple[Rung, ...] = variant.rungs if variant is not None else ()
    rung = next((rung for rung in rungs if rung.name is RungName.DEVICE), None)
    if rung is None or rung.max_abs is None:
        return "error"
    if rung.lsb_histogram is not None:
        # |Δ| in LSB → how many
        spread = {level: count for level, count in rung.lsb_histogram.items() if level}
        size = ", ".join(f"{level} LSB: {count:,}" for level, count in spread.items()) or "0 LSB"
    else:
        size = f"{rung.max_abs:.1e}"
    parts = [f"{rung.differing:,}/{rung.values:,}", size]
    is_classifier = variant is not None and variant.task is Task.CLASSIFICATION
    if rung.argmax_agreement is not None and is_classifier:
        parts.append(f"{100 * rung.argmax_agreement:.1f} %")
    return " · ".join(parts)


def _firmware_rows(results: list[EngineResult]) -> Iterable[tuple[str, list[str]]]:
    yield "flash, kB", [f"{result.flash_bytes / _KILO:.1f}" for result in results]
    yield (
        "  with the operators used only",
        [
            "-" if size is None else f"{size / _KILO:.1f}"
            for size in (result.flash_bytes_used_operators for result in results)
        ],
    )
    stacks = [
        max((v.stack_bytes or 0 for v in result.record.variants), default=0) for result in results
    ]
    yield "stack, most used, bytes", [f"{stack:,}" for stack in stacks]
    versions = [result.record.circumstances for result in results]
    yield "version", ["" if c is None else c.firmware.engine_version for c in versions]
    yield "verdict", [str(result.record.verdict.value) for result in results]


def _slower(first: EngineResult, other: EngineResult) -> str:
    """Where `first` takes longer than `other`, and in which operators."""
    lines = []
    for id_ in first.variants:
        own, theirs = _p50(first, id_), _p50(other, id_)
        if own is None or theirs is None or own <= theirs:
            continue
        mine, others = first.operators.get(id_, {}), other.operators.get(id_, {})
        excess = {name: cycles - others.get(name, 0) for name, cycles in mine.items()}
        worst = sorted(excess, key=lambda name: -excess[name])[:_OPERATORS_NAMED]
        named = ", ".join(
            f"{name} {mine[name]:,} against {others.get(name, 0):,}"
            for name in worst
            if excess[name] > 0
        )
        lines.append(
            f"  {id_}: {own:,} against {theirs:,} cycles (+{own / theirs - 1:.0%}): {named}"
        )
    if not lines:
        return f"{first.label} is nowhere slower than {other.label}"
    return "\n".join([f"{first.label} is slower than {other.label}", *lines])
