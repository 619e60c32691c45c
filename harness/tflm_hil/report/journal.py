"""The journal of a run: one JSON line per result, written as it arrives.

A run that is killed leaves a journal without a closing line. `tflm_hil.report.cut_off` finds it,
and the next run of the same models and settings goes on in it: results that were received under the
same firmware, model and inputs are taken over, not measured again. A run of others leaves it as it
is, and copies from it what fits.

    {"event": "run", "n": 0, "scope": {"board": …, "variants": […]}, "format": 3, …}
    {"event": "result", "n": 1, "context": …, "key": 17, "outputs": base64, "cycles": […]}
    {"event": "variant", …}          a finished VariantRecord
    {"event": "closed", "verdict": …}

Every line has a number and a checksum (`tflm_hil.report.journal_lines`). Lines that are not as they
were written are left out; the file as it was found is kept beside, and the journal is written anew.

A line is handed to the system at once (a killed process loses nothing) and forced to the disk at
most once per `SYNC_INTERVAL_S`, at the end of a variant and on closing: a power cut loses at most
that much, and it costs 5 to 30 ms each time. While a run writes, it holds a lock on the file, so a
running run is never taken for a killed one.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from tflm_hil.errors import ConfigurationError, StorageError
from tflm_hil.files import stored, sync_folder
from tflm_hil.report import journal_lines
from tflm_hil.report.codec import from_plain, to_plain
from tflm_hil.report.journal_lines import FORMAT, Damage
from tflm_hil.report.resumption import DamageRecord

JOURNAL_NAME = "journal.jsonl"
SYNC_INTERVAL_S = 0.5


@dataclass(frozen=True)
class RunScope:
    """What a run is of. `variants` are names with the beginnings of their models' SHA-256;
    `firmware` is what its firmware is chosen by, `sequences` the limit for each variant.
    """

    board: str
    variants: tuple[str, ...] = ()
    firmware: str = ""
    sequences: int | None = None

    def covers(self, other: RunScope) -> bool:
        """Whether a run of this has everything that one of `other` has."""
        same = (self.board, self.firmware, self.sequences)
        return same == (other.board, other.firmware, other.sequences) and set(
            other.variants
        ) <= set(self.variants)


@dataclass(frozen=True)
class StoredResult:
    """One sequence's answer as the journal of a run keeps it. `run_id` is empty for this run's."""

    outputs: bytes
    cycles: tuple[int, ...]
    run_id: str = ""


Results = dict[str, dict[int, StoredResult]]
"""By context, and by the number of the sequence."""


class Journal:
    """Appends to, and at the start reads back, the journal in `directory`.

    `others` are folders of runs that were cut off: what this run's journal lacks is looked for in
    theirs. Raises ConfigurationError if another process is writing it, another version of tflm-hil
    wrote it, or nobody can; StorageError if a disk is full.
    """

    def __init__(self, directory: Path, scope: RunScope, others: Sequence[Path] = ()) -> None:
        self.path = directory / JOURNAL_NAME
        self._others = list(others)
        self._borrowed: Results | None = None  # None: nobody has asked for it yet
        self._damage: list[DamageRecord] = []
        self._synced = 0.0
        self._trouble: StorageError | None = None
        self.taken_over: Counter[str] = Counter()  # results by the run that they are of
        self.refuted = 0
        self._file = _opened(self.path)
        try:
            with stored(self.path):
                self._results, self._number = self._read_back()
        except BaseException:
            self._file.close()
            raise
        self._found = sum(map(len, self._results.values()))
        self.resumed = self._found > 0
        self.append("run", scope=to_plain(scope), format=FORMAT, resumed=self.resumed)

    @property
    def damaged(self) -> tuple[DamageRecord, ...]:
        """What was wrong with this journal as it was found, and with others that were used."""
        own = self.path.parent.name
        return tuple(
            item for item in self._damage if item.run_id == own or self.taken_over[item.run_id]
        )

    @property
    def unused(self) -> int:
        """Results that were found at the start and that nobody has asked for since."""
        return max(0, self._found - self.taken_over[""] - self.refuted)

    def results(self, context: str) -> dict[int, StoredResult]:
        """Results of runs that were cut off, this one or others, by sequence number.

        `context` is the digest of everything that the results depend on: another firmware, model
        or input gives another context and so finds nothing.
        """
        known = self._results.get(context, {})
        if self._others:
            if self._borrowed is None:
                self._borrowed = self._borrow()
            known = {**self._borrowed.get(context, {}), **known}
        return known

    def take_over(self, context: str, key: int, result: StoredResult) -> None:
        """A result of `results` is used: in this journal it is one of this run from now on."""
        self.taken_over[result.run_id] += 1
        if result.run_id:
            self.result(context, key, result.outputs, result.cycles)

    def refute(self, results: int) -> None:
        """So many earlier results are not used: the device answers one of them differently now."""
        self.refuted += results

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
        line = journal_lines.encode(self._number, event, values)
        try:
            with stored(self.path):
                self._file.write(line)
                self._file.flush()
                self._number += 1
                if time.monotonic() - self._synced > SYNC_INTERVAL_S:
                    self._sync()
        except StorageError as error:
            self._trouble = error
            raise

    def sync(self) -> None:
        """Force what was appended to the disk. Raises StorageError."""
        with stored(self.path):
            self._sync()

    def close(self, *, verdict: str) -> None:
        """The run came to its end: nothing is left to resume."""
        self.append("closed", verdict=verdict)
        self.leave()

    def leave(self) -> None:
        """Stop writing in mid-run: the next run on the board goes on from here."""
        try:
            if self._trouble is None:
                self.sync()
        finally:
            with contextlib.suppress(OSError):  # what is left in its buffer has no room
                self._file.close()

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    # --- what is there already -----------------------------------------------------------------

    def _read_back(self) -> tuple[Results, int]:
        """Results, and the number of the next line; a damaged journal is written anew."""
        self._file.seek(0)
        content = self._file.read()
        if journal_lines.is_of_another_version(content.partition(b"\n")[0]):
            raise ConfigurationError(
                f"{self.path} was written by another version of tflm-hil",
                remedy="start a new run with --hil-resume never",
            )
        found = journal_lines.read(content)
        if found.damage:
            kept = self._kept_as_found()
            self._damage += _records(self.path.parent.name, found.damage, kept.name)
            self._write_anew(found.entries)
        return _results(found.entries), len(found.entries)

    def _kept_as_found(self) -> Path:
        """A copy of the damaged file, under a name that is free."""
        for number in count(1):
            kept = self.path.with_name(f"journal.damaged-{number}.jsonl")
            try:
                with kept.open("xb") as copy:
                    self._file.seek(0)
                    shutil.copyfileobj(self._file, copy)
                    copy.flush()
                    os.fsync(copy.fileno())
            except FileExistsError:
                continue
            return kept
        raise AssertionError("count() has no end")

    def _write_anew(self, entries: Sequence[dict[str, Any]]) -> None:
        """The sound lines, numbered anew, in place of the file; killed meanwhile, nothing is lost.

        The new file is locked before it has the name, so that nobody comes between.
        """
        draft = self.path.with_name(f".{JOURNAL_NAME}.part")
        file = draft.open("wb+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for number, entry in enumerate(entries):
                file.write(journal_lines.encode(number, **_told(entry)))
            file.flush()
            os.fsync(file.fileno())
            draft.replace(self.path)
            sync_folder(self.path.parent)
        except BaseException:
            file.close()
            raise
        self._file.close()
        self._file = file

    def _borrow(self) -> Results:
        """Results of the other runs; of one that several have, the one of the first."""
        borrowed: Results = {}
        for directory in self._others:
            try:
                found = journal_lines.read((directory / JOURNAL_NAME).read_bytes())
            except OSError:
                continue  # it is no more than a help
            if found.damage:
                self._damage += _records(directory.name, found.damage, JOURNAL_NAME)
            for context, results in _results(found.entries, directory.name).items():
                borrowed[context] = {**results, **borrowed.get(context, {})}
        return borrowed


def _opened(path: Path) -> BinaryIO:
    """The journal, locked. Raises ConfigurationError."""
    directory = path.parent
    while True:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            file = path.open("ab+")
        except OSError as error:
            raise ConfigurationError(
                f"the run's folder {directory} cannot be written: {error.strerror}",
                remedy="choose another one with --hil-report-dir",
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise ConfigurationError(
                f"the run {directory.name} is still being written by another process",
                remedy="wait for it, or start a new run with --hil-resume never",
            ) from None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                sync_folder(directory)
                return file
        file.close()  # somebody has put another one in its place meanwhile


def _told(entry: dict[str, Any]) -> dict[str, Any]:
    """Event and values of a line, for `journal_lines.encode`."""
    values = {name: value for name, value in entry.items() if name not in ("event", "n", "crc")}
    return {"event": entry["event"], "values": values}


def _records(run_id: str, damage: Sequence[Damage], kept: str) -> list[DamageRecord]:
    return [DamageRecord(run_id, item.kind, item.count, item.lines, kept) for item in damage]


def _results(entries: Sequence[dict[str, Any]], run_id: str = "") -> Results:
    """All results among `entries`; lines that are none, whoever made them, are none."""
    results: Results = {}
    for entry in entries:
        if entry["event"] == "result":
            with contextlib.suppress(KeyError, TypeError, ValueError):
                result = _stored_result(entry, run_id)
                results.setdefault(entry["context"], {})[entry["key"]] = result
    return results


def _stored_result(entry: dict[str, Any], run_id: str) -> StoredResult:
    """Raises KeyError, TypeError or ValueError for a line that is none."""
    cycles = entry["cycles"]
    if not isinstance(cycles, list) or not all(type(item) is int for item in cycles):
        raise TypeError("cycles are whole numbers")
    return StoredResult(base64.b64decode(entry["outputs"], validate=True), tuple(cycles), run_id)


def scope_of(entry: dict[str, Any]) -> RunScope | None:
    """What a run is of, out of the line with which it begins; None if that line is another."""
    if entry["event"] != "run":
        return None
    try:
        return from_plain(RunScope, entry["scope"])
    except (KeyError, TypeError, ValueError):
        return None
