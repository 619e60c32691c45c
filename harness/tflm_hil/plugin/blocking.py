"""One error is one error: tests that come to nothing because of it are blocked by it.

A board that is not there, or a model that cannot run, fails the first test that finds it. Each
further test would say the same. It is skipped instead, in pytest's terms and in JUnit, with the
reason; the terminal counts it as *blocked*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tflm_hil.errors import BoardLatchedBroken, HilError
from tflm_hil.report.records import BlockedRecord, ErrorRecord
from tflm_hil.report.render.errors import detail_lines

if TYPE_CHECKING:
    from tflm_hil.run.run import Run

BLOCKED = "blocked"
PROPERTY = "blocked_by"  # of a test: it reaches JUnit, and the controller of xdist


@dataclass
class _Shown:
    """An error that a test has shown, as raised and as explained, and how many it blocked since."""

    errors: list[HilError]
    record: ErrorRecord
    tests: int = 0


class Reported:
    """The errors that a session has shown."""

    def __init__(self) -> None:
        self._shown: list[_Shown] = []

    def blocks(self, error: HilError) -> HilError | None:
        """The error, shown by a test before, that `error` is or comes from; None for a new one."""
        shown = self._find(error)
        return None if shown is None else shown.errors[-1]

    def add(self, raised: HilError, explained: HilError, record: ErrorRecord | None) -> None:
        """A new one; `explained` is what is behind it."""
        plain = ErrorRecord(type(explained).__name__, explained.what, explained.remedy)
        cause = raised.cause if isinstance(raised, BoardLatchedBroken) else raised
        self._shown.append(_Shown([cause, explained], record or plain))

    def count(self, error: HilError) -> None:
        """One more test is blocked by it."""
        shown = self._find(error)
        assert shown is not None
        shown.tests += 1

    def records(self) -> tuple[BlockedRecord, ...]:
        """For the report: errors that block something."""
        return tuple(BlockedRecord(item.record, item.tests) for item in self._shown if item.tests)

    def _find(self, error: HilError) -> _Shown | None:
        causes = [error, error.cause] if isinstance(error, BoardLatchedBroken) else [error]
        return next(
            (
                item
                for item in self._shown
                if any(one is two for one in item.errors for two in causes)
            ),
            None,
        )


@dataclass(frozen=True)
class Change:
    """What becomes of the report of a test that a HilError has ended."""

    text: str
    place: tuple[str, int]  # file and line of the test
    details: tuple[str, ...] = ()
    blocked: str = ""  # the type of the error that blocks the test

    def apply(self, report: pytest.TestReport) -> None:
        """Make `report` say so."""
        if self.blocked:
            report.outcome = "skipped"
            report.longrepr = (*self.place, self.text)
            return
        if self.details:
            report.sections.append(("post-mortem", "\n".join(self.details)))
        report.longrepr = self.text
        if report.when == "call":
            # pytest and JUnit know errors only outside of the call; the test itself proved nothing.
            report.when = "setup"


def shown(error: HilError, item: pytest.Item, *, run: Run | None, reported: Reported) -> Change:
    """An error with what is behind it where it is new; else the block that it is."""
    place = (str(item.path), (item.location[1] or 0) + 1)
    known = reported.blocks(error)
    explained, record = error, None
    details: tuple[str, ...] = ()
    if known is None and run is not None:
        try:
            explained, record = run.examine(error)
            details = () if record is None else detail_lines(record)
        except Exception as problem:  # a mistake in here must not end the session
            details = (f"the post-mortem itself failed: {problem!r}",)
        known = reported.blocks(explained)
    if known is not None:
        reported.count(known)
        kind = type(known).__name__
        item.user_properties.append((PROPERTY, kind))
        return Change(f"blocked by {kind}: {' '.join(known.what.split())}", place, blocked=kind)
    reported.add(error, explained, record)
    return Change(f"{type(explained).__name__}: {explained}", place, details)


def is_block(report: pytest.TestReport | pytest.CollectReport) -> bool:
    """Whether it is that of a blocked test, run here or in a worker."""
    properties = getattr(report, "user_properties", ())
    return report.skipped and any(name == PROPERTY for name, _ in properties)
