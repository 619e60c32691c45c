"""The folder of a run: a new one, or that of a run that was cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from tflm_hil.errors import ConfigurationError
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.options import RunConfig
from tflm_hil.paths import made
from tflm_hil.report.cut_off import plan_for, plan_to_go_on
from tflm_hil.report.journal import Journal, RunScope
from tflm_hil.report.resumption import PassedOverRecord, ResumeRecord

_HASH_DIGITS = 12


def scope_of_run(config: RunConfig, wanted: Sequence[Variant]) -> RunScope:
    """What a run of `wanted` is of."""
    chosen_by = (config.engine, config.firmware, config.tflm_root, config.tflm_operators)
    return RunScope(
        config.board,
        tuple(f"{variant.id} {variant.sha256[:_HASH_DIGITS]}" for variant in wanted),
        " ".join(str(item) for item in chosen_by if item is not None),
        config.sequences,
    )


@dataclass(frozen=True)
class Before:
    """What a run does about those that were cut off before it, see `tflm_hil.report.cut_off`."""

    go_on: Path | None = None
    borrow: tuple[Path, ...] = ()
    passed_over: tuple[PassedOverRecord, ...] = ()


def cut_off_before(config: RunConfig, wanted: Sequence[Variant], *, in_place: bool) -> Before:
    """As `--hil-resume` says. Raises ConfigurationError if the run that it names is of others."""
    if config.resume == "never":
        return Before()
    scope = scope_of_run(config, wanted)
    if config.resume != "auto":
        plan = plan_to_go_on(config.report_dir / config.resume, scope)
    else:
        plan = plan_for(config.report_dir, scope, in_place=in_place)
    passed = () if plan.passed_over is None else (plan.passed_over,)
    return Before(plan.go_on, plan.borrow, passed)


def open_journal(
    config: RunConfig, wanted: Sequence[Variant], before: Before, started: datetime
) -> Journal:
    """The journal of the run that is gone on with, or of a new one in a folder of its own."""
    scope = scope_of_run(config, wanted)
    if before.go_on is not None:
        try:
            return Journal(before.go_on, scope, before.borrow)
        except ConfigurationError:
            if config.resume != "auto":
                raise
            # another run has gone on with it in this very moment
    return Journal(fresh_directory(config, started), scope, before.borrow)


def resumes(journal: Journal, started: datetime, *, complete: bool) -> tuple[ResumeRecord, ...]:
    """What a run took over, by the run that it is from; its own first.

    What nobody has asked for is known when the run is complete.
    """
    at = started.isoformat(timespec="seconds")
    taken = journal.taken_over
    own = ResumeRecord(at, taken[""], "", journal.unused if complete else 0, journal.refuted)
    others = (
        ResumeRecord(at, results, run_id) for run_id, results in sorted(taken.items()) if run_id
    )
    if own.sequences_kept or own.sequences_unused or own.sequences_refuted:
        return (own, *others)
    return tuple(others)


def fresh_directory(config: RunConfig, started: datetime, suffix: str = "") -> Path:
    """A new folder for a run, with a number if two start within one second."""
    remedy = "choose another folder with --hil-report-dir"
    made(config.report_dir, remedy=remedy)
    name = f"{started:%Y%m%d-%H%M%S}-{config.board}{suffix}"
    for number in count(1):
        path = config.report_dir / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise ConfigurationError(
                f"the folder {path} cannot be made: {error.strerror}", remedy=remedy
            ) from error
        return path
    raise AssertionError("count() has no end")
