"""Tests that did not pass, in words: what, where, why, and how to run one of them alone."""

from __future__ import annotations

from collections.abc import Iterator

from tflm_hil.report.records import FailingTest, RunRecord
from tflm_hil.report.render.wording import plural

SHOWN = 10
ERROR_CHARACTERS = 300  # of the first line: some are a whole array


def failing_tests(run: RunRecord, *, every: bool = True) -> Iterator[str]:
    """A text of three lines a test; where only some are shown, the last says how many are not."""
    shown = run.failing_tests if every else run.failing_tests[:SHOWN]
    yield from map(failing_test, shown)
    hidden = len(run.failing_tests) - len(shown)
    if hidden:
        yield f"{plural(hidden, 'more test')} did not pass: `hil report --details` shows each"


def failing_test(test: FailingTest) -> str:
    """Name, outcome and place; error; command."""
    place = f"{test.file}:{test.line}" if test.line else test.file
    return f"{test.name} {test.outcome} ({place})\n  {_short(test.error)}\n  → {test.command}"


def _short(error: str) -> str:
    cut = len(error) > ERROR_CHARACTERS
    return error[:ERROR_CHARACTERS] + "…" if cut else error or "no message"
