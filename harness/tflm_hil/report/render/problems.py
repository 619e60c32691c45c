"""What went wrong in a run, in words: failed variants, errors, findings, incidents.

What is long is cut on a terminal, and says where the rest is; `every=True` shows all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from tflm_hil.report.judgement import Scope, Verdict
from tflm_hil.report.records import (
    ErrorRecord,
    IncidentRecord,
    Recovery,
    RunRecord,
    VariantRecord,
)
from tflm_hil.report.render.errors import detail_lines, place_line, recovery_text
from tflm_hil.report.render.verdicts import verdict_text
from tflm_hil.report.render.wording import limit_text, plural, quantity
from tflm_hil.report.render.zoo_text import STYLE
from tflm_hil.vocabulary import RUNGS

FAILURES_IN_FULL = 8


def problems(run: RunRecord, *, every: bool = False) -> Iterator[Text]:
    """One text a problem, the worst kind first."""
    failed = [variant for variant in run.variants if variant.verdict is Verdict.FAIL]
    shown = failed if every else failed[:FAILURES_IN_FULL]
    yield from (_failure(variant) for variant in shown)
    if len(shown) < len(failed):
        yield _more([variant.id for variant in failed[len(shown) :]])
    in_error = _by_error(run.variants)
    blocked = {item.error: item.tests for item in run.blocked}
    for error, names in in_error.items():
        yield _error(listed(names), error, blocked.get(error, 0))
    for error in run.errors:
        yield _error("the run", error)
    for error, names in _by_error(run.variants, Verdict.BLOCKED).items():
        yield Text.assemble(
            (f"{listed(names)}: blocked", STYLE[Verdict.BLOCKED]), f": {error.sentence}"
        )
    for finding in run.findings:
        yield Text.assemble(("would fail on silicon: ", STYLE[Verdict.ERROR]), finding)
    for incident in run.incidents:
        if incident.provoked or (incident.error in in_error and not _says_more(incident)):
            continue
        yield _incident(incident, blocked.get(incident.error, 0))
    provoked = [incident for incident in run.incidents if incident.provoked]
    if provoked:
        yield _provoked(provoked)


def listed(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _more(names: Sequence[str]) -> Text:
    return Text.assemble(
        (f"{len(names)} more FAILED", STYLE[Verdict.FAIL]),
        f": {', '.join(names)}\n  → `hil report --details` shows each",
    )


def _by_error(
    variants: Sequence[VariantRecord], verdict: Verdict = Verdict.ERROR
) -> dict[ErrorRecord, list[str]]:
    """The variants of each error: a board that is gone is named once, not for each of them."""
    names: dict[ErrorRecord, list[str]] = {}
    for variant in variants:
        if variant.verdict is verdict and variant.error is not None:
            names.setdefault(variant.error, []).append(variant.id)
    return names


def _says_more(incident: IncidentRecord) -> bool:
    """Whether there is more to it than its error."""
    has_details = bool(detail_lines(incident.error))
    return has_details or incident.recovery.outcome is not Recovery.NOT_NEEDED


def _incident(incident: IncidentRecord, blocked: int) -> Text:
    place = f" in {incident.test}" if incident.test else ""
    text = Text.assemble((f"incident{place}: ", "yellow"), _one_line(incident.error.sentence))
    for detail in detail_lines(incident.error):
        text.append(f"\n  {detail}", style="dim")
    if recovery := recovery_text(incident.recovery):
        text.append(f"\n  → {recovery}")
    return _with_blocked(text, blocked)


def _provoked(incidents: list[IncidentRecord]) -> Text:
    """All went as it should: a line each, the registers are in report.json."""
    text = Text("provoked by tests, and explained as it should be:", style="dim")
    for incident in incidents:
        fault = incident.error.fault
        place = _one_line(incident.error.sentence) if fault is None else place_line(fault)
        name = incident.test.rpartition("::")[2]
        text.append(f"\n  {incident.error.type:<12}{place}\n{'':<14}in {name}", style="dim")
    return text


def _failure(variant: VariantRecord) -> Text:
    text = Text.assemble(
        (f"{variant.id} FAILED", STYLE[Verdict.FAIL]), f": {verdict_text(variant)}".rstrip(": ")
    )
    # of the samples the first line says where; the others name their checks only
    beside = variant.failure is not None and variant.failure.check.scope is not Scope.SAMPLES
    if variant.entered is not None and beside:
        text.append(f"\n  the error enters at {RUNGS[variant.entered].step}")
    for measurement in variant.measurements:
        if measurement.verdict is Verdict.FAIL:
            text.append(
                f"\n  {measurement.name}: {quantity(measurement)}, limit {limit_text(measurement)}"
            )
    return text


def _error(where: str, error: ErrorRecord, blocked: int = 0) -> Text:
    text = Text.assemble((f"{where}: {error.type}", STYLE[Verdict.ERROR]), f": {error.sentence}")
    for detail in detail_lines(error):
        text.append(f"\n  {detail}", style="dim")
    if error.remedy:
        text.append(f"\n  → {error.remedy}")
    return _with_blocked(text, blocked)


def _with_blocked(text: Text, tests: int) -> Text:
    if tests:
        text.append(f"\n  {plural(tests, 'further test')} blocked by it", style="dim")
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())
