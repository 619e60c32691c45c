"""The journal of a run: one JSON line per result, written as it arrives.

A run that is killed leaves a journal without a closing line. `find_unfinished` finds it, and the
next run on the same board goes on in it: results that were received under the same firmware,
model and inputs are taken over, not measured again.

    {"event": "run", "board": …, "format": 2}
    {"event": "result", "context": …, "key": 17, "outputs": base64, "cycles": […]}
    {"event": "variant", …}          a finished VariantRecord
    {"event": "closed", "verdict": …}

A line is handed to the system at once (a killed process loses nothing) and forced to the disk at
most once per `SYNC_INTERVAL_S` and on closing (a power cut loses at most that much). While a run
writes, it holds a lock on the file, so a running run is never taken for a killed one.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import io
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflm_hil.errors import ConfigurationError, StorageError
from tflm_hil.files import stored

JOURNAL_NAME = "journal.jsonl"
FORMAT = 2  # of the lines; records of another format cannot be gone on with
SYNC_INTERVAL_S = 0.5
_END_BYTES = 65536


@dataclass(frozen=True)
class StoredResult:
    """One sequence's answer as the journal keeps it."""

    outputs: bytes
    cycles: tuple[int, ...]


class Journal:
    """Appends to, and at the start reads back, the journal in `directory`.

    Raises ConfigurationError if another process is writing it, or nobody can.
    """

    def __init__(self, directory: Path, *, board: str) -> None:
        self.path = directory / JOURNAL_NAME
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab+")
        except OSError as error:
            raise ConfigurationError(
                f"the run's folder {directory} cannot be written: {error.strerror}",
                remedy="choose another one with --hil-report-dir",
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise ConfigurationError(
                f"the run {directory.name} is still being written by another process",
                remedy="wait for it, or start a new run with --hil-resume never",
            ) from None
        self._results: dict[str, dict[int, StoredResult]] = {}
        self._synced = 0.0
        self._trouble: StorageError | None = None
        self.resumed = self._read_back() > 0
        self.append("run", board=board, format=FORMAT, resumed=self.resumed)

    def results(self, context: str) -> dict[int, StoredResult]:
        """Results of an earlier, cut-off part of this run, by sequence number.

        `context` is the digest of everything that the results depend on: another firmware, model
        or input gives another context and so finds nothing.
        """
        return self._results.get(context, {})

    def result(self, context: str, key: int, outputs: bytes, cycles: tuple[int, ...]) -> None:
        """Keep one sequence's answer."""
        self.append(
            "result",
            context=context,
            key=key,
            outputs=base64.b64encode(outputs).decode("ascii"),
            cycles=list(cycles),
        )

    def append(self, event: str, **values: Any) -> None:
        """Add one line. Values must be JSON. Raises StorageError, the same from then on."""
        if self._trouble is not None:
            raise self._trouble.with_traceback(None)  # a line would be missing before it
        line = json.dumps({"event": event, **values}, separators=(",", ":"))
        try:
            with stored(self.path):
                self._file.write(line.encode() + b"\n")
                self._file.flush()
                if time.monotonic() - self._synced > SYNC_INTERVAL_S:
                    self._sync()
        except StorageError as error:
            self._trouble = error
            raise

    def close(self, *, verdict: str) -> None:
        """The run came to its end: nothing is left to resume."""
        self.append("closed", verdict=verdict)
        self.leave()

    def leave(self) -> None:
        """Stop writing in mid-run: the next run on the board goes on from here."""
        try:
            if self._trouble is None:
                with stored(self.path):
                    self._sync()
        finally:
            with contextlib.suppress(OSError):  # what is left in its buffer has no room
                self._file.close()

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def _read_back(self) -> int:
        """Take over what is there; cut off a last line that was not written to its end."""
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            self._file.truncate(whole)
        self._file.seek(0, io.SEEK_END)
        count = 0
        for entry in _entries(content[:whole]):
            if entry.get("event") == "run" and entry.get("format") != FORMAT:
                self._file.close()
                raise ConfigurationError(
                    f"{self.path} was written by another version of tflm-hil",
                    remedy="start a new run with --hil-resume never",
                )
            if entry.get("event") != "result":
                continue
            with contextlib.suppress(KeyError, TypeError, ValueError):  # damaged: measured again
                result = _stored_result(entry)
                self._results.setdefault(entry["context"], {})[entry["key"]] = result
                count += 1
        return count


def _stored_result(entry: dict[str, Any]) -> StoredResult:
    """Raises KeyError, TypeError or ValueError for a line that is none."""
    cycles = entry["cycles"]
    if not isinstance(cycles, list) or not all(type(item) is int for item in cycles):
        raise TypeError("cycles are whole numbers")
    return StoredResult(base64.b64decode(entry["outputs"], validate=True), tuple(cycles))


@dataclass(frozen=True)
class UnfinishedRun:
    """A run that was cut off. It can be resumed if this version wrote its journal."""

    directory: Path
    resumable: bool


def find_unfinished(reports: Path, *, board: str) -> UnfinishedRun | None:
    """The latest run on `board` if it was cut off; None if it was not.

    Only the latest run counts: an older cut-off run has been superseded.
    """
    journals = sorted(
        reports.glob(f"*/{JOURNAL_NAME}"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    for path in journals:
        first, last = _end(path, whence=os.SEEK_SET), _end(path, whence=os.SEEK_END)
        if first.get("board") != board:
            continue
        if last.get("event") == "closed" or _is_locked(path):
            return None
        return UnfinishedRun(path.parent, resumable=first.get("format") == FORMAT)
    return None


def _end(path: Path, *, whence: int) -> dict[str, Any]:
    """The first or the last whole line; journals are long, and only their ends are read."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        length = _END_BYTES
        while True:
            at = 0 if whence == os.SEEK_SET else max(0, size - length)
            file.seek(at)
            entries = _entries(_whole_lines(file.read(length), starts=at == 0))
            if entries or length >= size:
                break
            length *= 16
    if not entries:
        return {}
    return entries[0] if whence == os.SEEK_SET else entries[-1]


def _whole_lines(part: bytes, *, starts: bool) -> bytes:
    """`part` of a file without the pieces of lines at its ends."""
    begin = 0 if starts else part.find(b"\n") + 1
    return part[begin : part.rfind(b"\n") + 1]


def _entries(content: bytes) -> list[dict[str, Any]]:
    """All lines that are whole JSON objects; a damaged line is no reason to lose the others."""
    entries = []
    for line in content.splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(file, fcntl.LOCK_UN)
    return False
