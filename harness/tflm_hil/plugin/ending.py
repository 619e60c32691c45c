"""The end of a pytest session: one report, whether it ran in one process or in xdist workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tflm_hil.options import RunConfig
from tflm_hil.report import files
from tflm_hil.report.codec import from_plain, to_plain
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.merge import merge
from tflm_hil.report.records import BlockedRecord, FailingTest, RunRecord, TestCounts
from tflm_hil.report.render.markdown import TABLE_NAME
from tflm_hil.report.resumption import Interruption
from tflm_hil.run.folder import fresh_directory
from tflm_hil.run.interruption import Asked
from tflm_hil.run.run import Run

WORKER_KEY = "hil"


@dataclass(frozen=True)
class Ended:
    """The report of the session and where it was written."""

    record: RunRecord
    path: Path

    @property
    def table(self) -> Path:
        """The zoo table, beside the report."""
        return self.path.with_name(TABLE_NAME)


def exit_status(record: RunRecord, of_the_tests: int) -> int:
    """What pytest ends with: the tests' own status, unless they are fine and the run is not.

    A run that measured nothing ends like a session without tests.
    """
    if of_the_tests != pytest.ExitCode.OK:
        return of_the_tests
    if record.learned_nothing:
        return pytest.ExitCode.NO_TESTS_COLLECTED
    failed = record.verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.BLOCKED)
    return pytest.ExitCode.TESTS_FAILED if failed else of_the_tests


def interruption(exit_status: int, asked: Asked) -> Interruption | None:
    """What kept a session from its end; None if nothing did."""
    if exit_status == pytest.ExitCode.INTERRUPTED:
        return asked.by
    return Interruption.MISTAKE if exit_status == pytest.ExitCode.INTERNAL_ERROR else None


def end_run(
    run: Run,
    tests: TestCounts,
    blocked: tuple[BlockedRecord, ...],
    failing: tuple[FailingTest, ...],
    worker_output: dict[str, Any] | None,
    *,
    interrupted: Interruption | None,
) -> Ended:
    """Close the run of this process; in an xdist worker, send its record to the controller."""
    record = run.finish(tests, blocked, failing, interrupted=interrupted)
    if worker_output is not None:
        worker_output[WORKER_KEY] = to_plain(record)
    return Ended(record, run.report_path)


def end_workers(
    config: RunConfig,
    sent: list[dict[str, Any]],
    tests: TestCounts,
    failing: tuple[FailingTest, ...],
) -> Ended:
    """Merge what the workers sent and write it as a run of its own."""
    runs = [from_plain(RunRecord, plain) for plain in sent]
    started = min(datetime.fromisoformat(run.started) for run in runs)
    directory = fresh_directory(config, started, suffix="-merged")
    record = merge(directory.name, runs, tests, failing)
    return Ended(record, files.leave(record, directory))
