"""Tests that did not pass, for the report: name, place, first line of the error, how to run one."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tflm_hil.options import OPTIONS
from tflm_hil.report.records import FailingTest, TestOutcome

_OF_THE_SESSION = frozenset({"report-dir", "resume", "covering"})  # not of a single test
_CATEGORIES = (
    ("failed", TestOutcome.FAILED),
    ("xpassed", TestOutcome.FAILED),
    ("error", TestOutcome.ERROR),
)


def failing_tests(config: pytest.Config) -> tuple[FailingTest, ...]:
    """All that the terminal reporter has seen so far; none if there is no such reporter."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return ()
    options = list(_options(config))
    return tuple(
        _failing(report, outcome, config, options)
        for category, outcome in _CATEGORIES
        for report in reporter.stats.get(category, ())
        if hasattr(report, "nodeid")
    )


def _failing(
    report: pytest.TestReport | pytest.CollectReport,
    outcome: TestOutcome,
    config: pytest.Config,
    options: list[str],
) -> FailingTest:
    file, line, _ = report.location or (report.nodeid.partition("::")[0], None, "")
    path = Path(os.path.relpath(config.rootpath / file, config.invocation_params.dir))
    _, separator, rest = report.nodeid.partition("::")
    return FailingTest(
        name=report.nodeid,
        outcome=outcome,
        file=str(path),
        line=0 if line is None else line + 1,
        error=first_line(report),
        command=shlex.join(["pytest", *options, f"{path}{separator}{rest}"]),
    )


def first_line(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Of what was raised; of a text that stands for it the first line with words."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(report.longrepr or "") if crash is None else crash.message
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _options(config: pytest.Config) -> Iterator[str]:
    """Those of this plugin that were typed, as they are typed."""
    for option in OPTIONS:
        value = config.getoption(option.dest, default=None)
        if value and option.key not in _OF_THE_SESSION:
            yield from option.typed(value)
