import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tflm_hil.errors import ConfigurationError, StorageError
from tflm_hil.report import journal as journal_module
from tflm_hil.report.journal import Journal, StoredResult, UnfinishedRun, find_unfinished

BOARD = "some-board"


def test_results_of_a_killed_process_are_taken_over(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from tflm_hil.report.journal import Journal
journal = Journal(Path({str(tmp_path / "run")!r}), board={BOARD!r})
journal.result("context", 0, b"zero", (10,))
journal.result("context", 1, b"one", (11, 12))
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert find_unfinished(tmp_path, board=BOARD) == UnfinishedRun(tmp_path / "run", True)
    journal = Journal(tmp_path / "run", board=BOARD)
    assert journal.resumed
    assert journal.results("context") == {
        0: StoredResult(b"zero", (10,)),
        1: StoredResult(b"one", (11, 12)),
    }
    assert journal.results("another firmware") == {}
    journal.close(verdict="pass")


def test_closed_run_is_finished(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run", board=BOARD)
    assert not journal.resumed
    journal.result("context", 0, b"zero", (10,))
    journal.close(verdict="pass")
    assert find_unfinished(tmp_path, board=BOARD) is None


def test_run_of_another_version_is_named_and_not_gone_on_with(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run", board=BOARD)
    journal.result("context", 0, b"zero", (10,))
    journal.leave()
    content = journal.path.read_text()
    assert '"format":2' in content
    journal.path.write_text(content.replace('"format":2', '"format":1'))
    assert find_unfinished(tmp_path, board=BOARD) == UnfinishedRun(tmp_path / "run", False)
    with pytest.raises(ConfigurationError, match="another version") as caught:
        Journal(tmp_path / "run", board=BOARD)
    assert "--hil-resume never" in caught.value.remedy


def test_line_that_was_cut_off_costs_only_itself(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run", board=BOARD)
    journal.result("context", 0, b"zero", (10,))
    journal.result("context", 1, b"one", (11,))
    journal._file.close()
    content = journal.path.read_bytes()
    journal.path.write_bytes(content[:-7])
    resumed = Journal(tmp_path / "run", board=BOARD)
    assert set(resumed.results("context")) == {0}
    resumed.result("context", 1, b"one", (11,))
    resumed.close(verdict="pass")
    again = Journal(tmp_path / "run", board=BOARD)
    assert set(again.results("context")) == {0, 1}
    again.close(verdict="pass")
    for line in journal.path.read_text().splitlines():
        json.loads(line)  # what was cut off has not become part of another line


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"event":"result"}',
        b'{"event":"result","context":"context","key":[],"outputs":"AA==","cycles":[1]}',
        b'{"event":"result","context":"context","key":7,"outputs":"A","cycles":[1]}',
        b'{"event":"result","context":"context","key":7,"outputs":"AA==","cycles":1}',
        b"\x00\xff{garbage",
    ],
)
def test_damaged_line_costs_only_itself(tmp_path: Path, damaged: bytes) -> None:
    journal = Journal(tmp_path / "run", board=BOARD)
    journal.result("context", 0, b"zero", (10,))
    journal.leave()
    journal.path.write_bytes(damaged + b"\n" + journal.path.read_bytes())
    resumed = Journal(tmp_path / "run", board=BOARD)
    assert resumed.results("context") == {0: StoredResult(b"zero", (10,))}
    resumed.close(verdict="pass")


def test_folder_that_cannot_be_written_is_the_users_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="cannot be written") as caught:
        Journal(tmp_path / "file" / "run", board=BOARD)
    assert "--hil-report-dir" in caught.value.remedy


def test_running_run_is_neither_found_nor_opened(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run", board=BOARD)
    assert find_unfinished(tmp_path, board=BOARD) is None
    with pytest.raises(ConfigurationError, match="another process"):
        Journal(tmp_path / "run", board=BOARD)
    journal.close(verdict="pass")


def test_only_the_latest_run_of_the_board_counts(tmp_path: Path) -> None:
    Journal(tmp_path / "old", board=BOARD)._file.close()
    Journal(tmp_path / "other", board="other-board")._file.close()
    latest = Journal(tmp_path / "latest", board=BOARD)
    latest.close(verdict="fail")
    now = time.time()
    for age, name in enumerate(("other", "latest", "old")):
        os.utime(tmp_path / name / "journal.jsonl", (now - age, now - age))
    assert find_unfinished(tmp_path, board=BOARD) is None
    other = find_unfinished(tmp_path, board="other-board")
    assert other == UnfinishedRun(tmp_path / "other", True)


@pytest.mark.parametrize("length", [1, 70_000])
def test_of_a_long_journal_only_the_ends_are_looked_at(
    length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "run", board=BOARD)
    for key in range(200):
        journal.result("context", key, bytes(3000), (1,))
    journal.result("context", 200, bytes(length), (1,))
    journal._file.close()  # as a killed process leaves it
    taken = []
    whole = journal_module._entries

    def entries(content: bytes) -> list[dict[str, object]]:
        taken.append(len(content))
        return whole(content)

    monkeypatch.setattr(journal_module, "_entries", entries)
    assert find_unfinished(tmp_path, board=BOARD) == UnfinishedRun(tmp_path / "run", True)
    assert sum(taken) < journal.path.stat().st_size + 2 * length
    if length == 1:
        assert sum(taken) < 200_000


def test_a_full_disk_is_one_error_however_often_it_is_met(tmp_path: Path) -> None:
    journal = Journal(tmp_path, board="board")
    full = Path("/dev/full").open("ab")  # noqa: SIM115 - the journal closes it
    journal._file.close()
    journal._file = full  # type: ignore[assignment]
    errors = []
    for _ in range(2):
        with pytest.raises(StorageError, match=r"journal\.jsonl.*No space left") as caught:
            journal.append("event")
        errors.append(caught.value)
    assert errors[0] is errors[1]
    journal.leave()
