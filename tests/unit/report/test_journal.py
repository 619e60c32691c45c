"""The journal: what was received is there again, and what is not as it was written is not used."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

import pytest
from tflm_hil.errors import ConfigurationError, StorageError
from tflm_hil.report import journal_lines
from tflm_hil.report.journal import Journal, RunScope, StoredResult
from tflm_hil.report.resumption import DamageKind, DamageRecord

BOARD = "some-board"
SCOPE = RunScope(BOARD, ("a 00", "b 11"))
RESULTS = {key: StoredResult(bytes([key] * 5), (100 + key, 200)) for key in range(6)}


def write(directory: Path, results: dict[int, StoredResult] | None = None) -> Path:
    """A journal as a killed run leaves it: line 1 says what the run is of, 2 to 7 are results."""
    journal = Journal(directory, SCOPE)
    for key, result in (RESULTS if results is None else results).items():
        journal.result("context", key, result.outputs, result.cycles)
    journal.leave()
    return journal.path


def read(directory: Path) -> tuple[dict[int, StoredResult], tuple[DamageRecord, ...]]:
    journal = Journal(directory, SCOPE)
    try:
        return journal.results("context"), journal.damaged
    finally:
        journal.leave()


def test_results_of_a_killed_process_are_taken_over(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from tflm_hil.report.journal import Journal, RunScope
journal = Journal(Path({str(tmp_path / "run")!r}), RunScope({BOARD!r}))
journal.result("context", 0, b"zero", (10,))
journal.result("context", 1, b"one", (11, 12))
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    journal = Journal(tmp_path / "run", RunScope(BOARD))
    assert journal.resumed
    assert journal.damaged == ()
    assert journal.results("context") == {
        0: StoredResult(b"zero", (10,)),
        1: StoredResult(b"one", (11, 12)),
    }
    assert journal.results("another firmware") == {}
    journal.close(verdict="pass")


def test_what_was_not_taken_over_is_counted(tmp_path: Path) -> None:
    write(tmp_path)
    journal = Journal(tmp_path, SCOPE)
    assert journal.unused == len(RESULTS)
    for key, result in journal.results("context").items():
        if key < 4:
            journal.take_over("context", key, result)
    assert journal.unused == 2
    journal.refute(2)
    assert (journal.unused, journal.refuted) == (0, 2)
    journal.leave()
    assert len(results_in(journal.path)) == len(RESULTS), "its own results are not written twice"


def results_in(path: Path) -> list[tuple[str, int]]:
    entries = map(json.loads, path.read_text().splitlines())
    return [(item["context"], item["key"]) for item in entries if item["event"] == "result"]


# --- damage ----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", range(2, 8))
def test_no_flipped_bit_of_a_stored_answer_is_taken_for_one(tmp_path: Path, line: int) -> None:
    """Every bit of a line, one after the other: the line is left out, and it alone; flips in its
    line feed cost the next line, too.
    """
    path = write(tmp_path / "run")
    original = path.read_bytes()
    lines = original.splitlines(keepends=True)
    start = len(b"".join(lines[: line - 1]))
    for position in range(start, start + len(lines[line - 1])):
        for bit in random.Random(position).sample(range(8), 2):
            content = bytearray(original)
            content[position] ^= 1 << bit
            found = journal_lines.read(bytes(content))
            left = {item["key"] for item in found.entries if item["event"] == "result"}
            expected = set(RESULTS) - {line - 2}
            if position == start + len(lines[line - 1]) - 1:
                expected -= {line - 1}
            assert left == expected
            assert found.damage
            for item in found.entries:
                if item["event"] == "result":
                    stored = RESULTS[item["key"]]
                    assert base64.b64decode(item["outputs"]) == stored.outputs
                    assert tuple(item["cycles"]) == stored.cycles


def test_a_flipped_bit_is_said_and_the_file_is_kept_as_it_was_found(tmp_path: Path) -> None:
    path = write(tmp_path / "run")
    content = path.read_bytes()
    damaged = content.replace(b'"key":3', b'"key":2')
    path.write_bytes(damaged)
    results, records = read(path.parent)
    assert results == {key: RESULTS[key] for key in (0, 1, 2, 4, 5)}
    assert records == (
        DamageRecord("run", DamageKind.CHECKSUM, 1, (5,), "journal.damaged-1.jsonl"),
    )
    assert (path.parent / "journal.damaged-1.jsonl").read_bytes() == damaged
    results, records = read(path.parent)
    assert len(results) == 5
    assert records == (), "the journal was written anew: it is told once"


def test_a_shortened_line_costs_only_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "run")
    lines = path.read_bytes().splitlines(keepends=True)
    for length in range(1, len(lines[3]) - 1):
        shortened = b"".join([*lines[:3], lines[3][:length] + b"\n", *lines[4:]])
        found = journal_lines.read(shortened)
        assert [(item.kind, item.count, item.lines) for item in found.damage] == [
            (DamageKind.CHECKSUM, 1, (4,))
        ]
        assert len(found.entries) == len(lines) - 1


def test_a_missing_line_is_missed(tmp_path: Path) -> None:
    path = write(tmp_path / "run")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], *lines[5:]]))
    results, (record,) = read(path.parent)
    assert set(results) == {0, 1, 4, 5}
    assert (record.kind, record.count, record.lines) == (DamageKind.MISSING, 2, (4,))


def test_a_damaged_line_is_not_missing_as_well(tmp_path: Path) -> None:
    path = write(tmp_path / "run")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"garbage\n", *lines[6:]]))
    found = {item.kind: item.count for item in read(path.parent)[1]}
    assert found == {DamageKind.CHECKSUM: 1, DamageKind.MISSING: 2}


def test_a_repeated_line_counts_once(tmp_path: Path) -> None:
    path = write(tmp_path / "run")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], lines[2], *lines[4:]]))
    results, (record,) = read(path.parent)
    assert results == RESULTS
    assert (record.kind, record.count, record.lines) == (DamageKind.REPEATED, 1, (5,))


@pytest.mark.parametrize("cut", [1, 7, 60])
def test_a_torn_last_line_is_cut_off_and_costs_only_itself(tmp_path: Path, cut: int) -> None:
    path = write(tmp_path / "run")
    torn = path.read_bytes()[:-cut]
    path.write_bytes(torn)
    resumed = Journal(path.parent, SCOPE)
    assert set(resumed.results("context")) == set(RESULTS) - {5}
    (record,) = resumed.damaged
    assert (record.kind, record.count, record.lines) == (DamageKind.TORN, 1, (7,))
    resumed.result("context", 5, *vars_of(RESULTS[5]))
    resumed.close(verdict="pass")
    assert read(path.parent) == (RESULTS, ())
    for line in path.read_bytes().splitlines():
        assert journal_lines.decode(line), "what was cut off has become part of another line"
    assert (path.parent / record.kept).read_bytes() == torn


def vars_of(result: StoredResult) -> tuple[bytes, tuple[int, ...]]:
    return result.outputs, result.cycles


def test_each_damaged_file_is_kept_under_a_name_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "run")
    for number in (1, 2, 3):
        path.write_bytes(path.read_bytes().replace(b'"key":%d' % number, b'"key":9'))
        ((_, records)) = read(path.parent)
        assert records[0].kept == f"journal.damaged-{number}.jsonl"
    assert len(list(path.parent.glob("journal.damaged-*.jsonl"))) == 3


def test_killed_while_it_writes_the_sound_lines_anew_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "run")
    damaged = path.read_bytes().replace(b'"key":3', b'"key":2')
    path.write_bytes(damaged)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            Journal(path.parent, SCOPE)
    assert path.read_bytes() == damaged
    results, (record,) = read(path.parent)
    assert len(results) == 5
    assert record.count == 1


@pytest.mark.parametrize("seed", range(20))
def test_whatever_becomes_of_the_file_a_result_is_right_or_not_there(
    tmp_path: Path, seed: int
) -> None:
    """Bytes changed, removed, doubled and moved at random, several at once."""
    path = write(tmp_path / "run")
    content = bytearray(path.read_bytes())
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(content)), chance.randint(1, 90)
        piece = bytes(content[at : at + length])
        match chance.randrange(4):
            case 0:
                content[at] = chance.randrange(256)
            case 1:
                del content[at : at + length]
            case 2:
                content[at:at] = piece
            case 3:
                del content[at : at + length]
                to = chance.randrange(len(content))
                content[to:to] = piece
    path.write_bytes(content)
    results, _ = read(path.parent)
    assert results.items() <= RESULTS.items()
    again, damage = read(path.parent)
    assert (again, damage) == (results, ())


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"context": "context", "key": [], "outputs": "AA==", "cycles": [1]},
        {"context": "context", "key": 7, "outputs": "A", "cycles": [1]},
        {"context": "context", "key": 7, "outputs": "AA==", "cycles": 1},
        {"context": ["context"], "key": 7, "outputs": "AA==", "cycles": [1]},
    ],
)
def test_a_sound_line_that_is_no_result_is_none(tmp_path: Path, values: dict[str, object]) -> None:
    path = write(tmp_path / "run")
    number = len(path.read_bytes().splitlines())
    with path.open("ab") as file:
        file.write(journal_lines.encode(number, "result", values))
    assert read(path.parent) == (RESULTS, ())


# --- other versions, and other people's folders ------------------------------------------------


def test_run_of_another_version_is_named_and_not_gone_on_with(tmp_path: Path) -> None:
    """One without checksums, and one that has them."""
    for number, first in enumerate(
        (
            b'{"event":"run","board":"some-board","format":2,"resumed":false}\n',
            journal_lines.encode(0, "run", {"format": journal_lines.FORMAT + 1}),
        )
    ):
        path = tmp_path / str(number) / "journal.jsonl"
        path.parent.mkdir()
        path.write_bytes(first)
        with pytest.raises(ConfigurationError, match="another version") as caught:
            Journal(path.parent, SCOPE)
        assert "--hil-resume never" in caught.value.remedy
        assert path.read_bytes() == first


def test_a_damaged_first_line_is_not_another_version(tmp_path: Path) -> None:
    path = write(tmp_path / "run")
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"format":3', b'"format":2', 1))
    results, (record,) = read(path.parent)
    assert results == RESULTS
    assert (record.kind, record.lines) == (DamageKind.CHECKSUM, (1,))


def test_folder_that_cannot_be_written_is_the_users_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="cannot be written") as caught:
        Journal(tmp_path / "file" / "run", SCOPE)
    assert "--hil-report-dir" in caught.value.remedy


def test_running_run_is_not_opened(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run", SCOPE)
    with pytest.raises(ConfigurationError, match="another process"):
        Journal(tmp_path / "run", SCOPE)
    journal.close(verdict="pass")


def test_a_journal_that_was_written_anew_is_still_locked(tmp_path: Path) -> None:
    path = write(tmp_path / "run")
    path.write_bytes(path.read_bytes()[:-3])
    journal = Journal(path.parent, SCOPE)
    with pytest.raises(ConfigurationError, match="another process"):
        Journal(path.parent, SCOPE)
    journal.close(verdict="pass")


def test_a_full_disk_is_one_error_however_often_it_is_met(tmp_path: Path) -> None:
    journal = Journal(tmp_path, SCOPE)
    full = Path("/dev/full").open("ab")  # noqa: SIM115 - the journal closes it
    journal._file.close()
    journal._file = full
    errors = []
    for _ in range(2):
        with pytest.raises(StorageError, match=r"journal\.jsonl.*No space left") as caught:
            journal.append("event")
        errors.append(caught.value)
    assert errors[0] is errors[1]
    journal.leave()


def test_a_file_that_was_replaced_while_it_was_opened_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process writes the damaged journal anew, and ends, in the moment before the lock."""
    path = write(tmp_path / "run")
    lock = fcntl.flock

    def replaced(file: BinaryIO, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        copy = path.with_suffix(".copy")
        copy.write_bytes(path.read_bytes())
        copy.replace(path)
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", replaced)
    journal = Journal(path.parent, SCOPE)
    journal.result("context", 9, b"new", (1,))
    journal.leave()
    assert ("context", 9) in results_in(path)


# --- results of other runs ----------------------------------------------------------------------


def test_results_of_other_runs_become_ones_of_this_run(tmp_path: Path) -> None:
    write(tmp_path / "old", {key: RESULTS[key] for key in (0, 1, 2)})
    write(tmp_path / "run", {0: StoredResult(b"own", (1, 2))})
    journal = Journal(tmp_path / "run", SCOPE, [tmp_path / "old", tmp_path / "gone"])
    known = journal.results("context")
    assert known[0] == StoredResult(b"own", (1, 2)), "its own come first"
    assert known[1] == StoredResult(*vars_of(RESULTS[1]), "old")
    for key, result in known.items():
        journal.take_over("context", key, result)
    assert journal.taken_over == {"": 1, "old": 2}
    journal.leave()
    assert sorted(results_in(journal.path)) == [("context", key) for key in (0, 1, 2)]
    assert set(Journal(tmp_path / "run", SCOPE).results("context")) == {0, 1, 2}


def test_damage_of_another_run_is_told_if_something_was_taken_from_it(tmp_path: Path) -> None:
    path = write(tmp_path / "old")
    path.write_bytes(path.read_bytes().replace(b'"key":3', b'"key":9'))
    content = path.read_bytes()
    journal = Journal(tmp_path / "run", SCOPE, [tmp_path / "old"])
    known = journal.results("context")
    assert set(known) == {0, 1, 2, 4, 5}
    assert not journal.damaged
    journal.take_over("context", 0, known[0])
    told = list(journal.damaged)
    assert told == [DamageRecord("old", DamageKind.CHECKSUM, 1, (5,), "journal.jsonl")]
    assert path.read_bytes() == content, "it stays as it is"
    journal.leave()


# --- to the disk --------------------------------------------------------------------------------


def test_lines_are_forced_to_the_disk_in_time_and_at_every_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    now = [1000.0]
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(now[0]))
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    journal = Journal(tmp_path, SCOPE)
    synced.clear()
    for key in range(100):
        now[0] += 0.02
        journal.result("context", key, b"", ())
    assert len(synced) == 3, "of 2 s, every half second"
    journal.sync()
    assert synced[-1] == now[0]
    count = len(synced)
    journal.close(verdict="pass")
    assert len(synced) > count
