"""Runs that were cut off: which there are, and what the next run does about them.

    plan = plan_for(reports, scope)
    plan.go_on            the folder of the run to go on with, None for a new one
    plan.borrow           folders of others that may have results for this one
    plan.passed_over      the run before this one, if it was cut off and is left as it is

A run that was cut off is gone on with by one that has all of its models, under the same settings:
then everything that it measured is in a report. Any other run leaves it, says so, and takes from it
what it can use. A finished run that has all of its models supersedes it.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tflm_hil.errors import ConfigurationError
from tflm_hil.report import journal_lines
from tflm_hil.report.journal import JOURNAL_NAME, RunScope, scope_of
from tflm_hil.report.resumption import PassedOver, PassedOverRecord

_PART_BYTES = 65536
_NAMED = 3  # variants in a sentence
_RESULT = b'\n{"event":"result",'


@dataclass(frozen=True)
class _Found:
    """A journal as its ends show it. `scope` is None if its beginning is damaged, or of another
    version; `board` is None if nothing tells it.
    """

    directory: Path
    board: str | None
    scope: RunScope | None = None
    other_version: bool = False
    closed: bool = False

    def may_be_of(self, board: str) -> bool:
        if self.board is not None:
            return self.board == board
        return f"-{board}" in self.directory.name

    @property
    def reason(self) -> PassedOver:
        if self.other_version:
            return PassedOver.OTHER_VERSION
        return PassedOver.UNREADABLE if self.scope is None else PassedOver.OTHER_SCOPE

    def is_superseded_by(self, finished: list[RunScope]) -> bool:
        """By a later run that has all of its models. Nobody knows which, if it is damaged."""
        if self.scope is None:
            return bool(finished)
        return any(scope.covers(self.scope) for scope in finished)


@dataclass(frozen=True)
class Plan:
    """What a run does about those before it that were cut off."""

    go_on: Path | None = None
    borrow: tuple[Path, ...] = ()
    passed_over: PassedOverRecord | None = None


def plan_for(reports: Path, scope: RunScope, *, in_place: bool = True) -> Plan:
    """Look at the runs in `reports`. Without `in_place` they are only borrowed from."""
    runs = [
        run
        for path in _newest_first(reports)
        if (run := _look(path)).may_be_of(scope.board) and not _is_locked(path)
    ]
    finished: list[RunScope] = []
    cut_off: list[_Found] = []
    for run in runs:
        if run.closed:
            finished += [] if run.scope is None else [run.scope]
        elif not run.is_superseded_by(finished):
            cut_off.append(run)
    fitting = [run for run in cut_off if run.scope is not None and scope.covers(run.scope)]
    go_on = fitting[0] if fitting and in_place else None
    latest = runs[0] if runs else None
    return Plan(
        None if go_on is None else go_on.directory,
        tuple(run.directory for run in cut_off if run != go_on and _may_help(scope, run)),
        _passed_over(latest) if latest in cut_off and latest not in fitting else None,
    )


def plan_to_go_on(directory: Path, scope: RunScope) -> Plan:
    """Go on with the run in `directory`. Raises ConfigurationError if it has what `scope` has not:
    its results would be closed away, in no report.
    """
    there = _look(directory / JOURNAL_NAME).scope
    if there is None or scope.covers(there):
        return Plan(directory)
    if there.board != scope.board:
        different = f"it was on {there.board}"
    elif lacking := sorted(set(there.variants) - set(scope.variants)):
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        different = f"it has {', '.join(name.split()[0] for name in lacking[:_NAMED])}{more}, too"
    else:
        different = "it had other settings of firmware or sequences"
    raise ConfigurationError(
        f"the run {directory.name} was of something else than this one: {different}",
        remedy="choose the same models and settings, or leave out --hil-resume: what fits is "
        "taken over all the same",
    )


def _may_help(scope: RunScope, run: _Found) -> bool:
    if run.scope is None:
        return not run.other_version
    return bool(set(run.scope.variants) & set(scope.variants))


def _passed_over(run: _Found | None) -> PassedOverRecord | None:
    """None if it had not measured anything."""
    if run is None:
        return None
    try:
        results = (run.directory / JOURNAL_NAME).read_bytes().count(_RESULT)
    except OSError:
        return None
    return PassedOverRecord(run.directory.name, run.reason, results) if results else None


def _newest_first(reports: Path) -> list[Path]:
    def age(path: Path) -> float:
        try:
            return -path.stat().st_mtime
        except OSError:  # removed meanwhile
            return 0.0

    return sorted(reports.glob(f"*/{JOURNAL_NAME}"), key=age)


def _look(path: Path) -> _Found:
    """Journals are long, and only their ends are read."""
    try:
        with path.open("rb") as file:
            first = file.readline().rstrip(b"\n")
            if journal_lines.is_of_another_version(first):
                return _of_another_version(path.parent, first, file)
            file.seek(0)
            scope = _scope(file)
            last = _last_line(file)
    except OSError:
        return _Found(path.parent, None)
    closed = last is not None and last["event"] == "closed"
    return _Found(path.parent, None if scope is None else scope.board, scope, closed=closed)


def _scope(file: BinaryIO) -> RunScope | None:
    """Out of the first line; if that is damaged, of the next one like it."""
    for line in file:
        entry = journal_lines.decode(line.rstrip(b"\n"))
        if entry is not None and (scope := scope_of(entry)) is not None:
            return scope
    return None


def _last_line(file: BinaryIO) -> dict[str, Any] | None:
    """The last line that is as it was written; None if there is none."""
    for line in _lines_backwards(file):
        entry = journal_lines.decode(line)
        if entry is not None:
            return entry
    return None


def _lines_backwards(file: BinaryIO) -> list[bytes]:
    """Whole lines, the last first, of the end of a file; of all of it if none of them is sound."""
    size = file.seek(0, os.SEEK_END)
    length = _PART_BYTES
    while True:
        at = file.seek(max(0, size - length))
        lines = file.read().split(b"\n")[0 if at == 0 else 1 : -1]
        if at == 0 or any(journal_lines.decode(line) is not None for line in lines):
            return lines[::-1]
        length *= 16


def _of_another_version(directory: Path, first: bytes, file: BinaryIO) -> _Found:
    board = json.loads(first).get("board")
    closed = any(b'"event":"closed"' in line for line in _lines_backwards(file)[:1])
    known = board if isinstance(board, str) else None
    return _Found(directory, known, other_version=True, closed=closed)


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            fcntl.flock(file, fcntl.LOCK_UN)
    except OSError:
        return False
    return False
