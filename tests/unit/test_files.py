"""Files are written as a whole: nobody finds half of one, whenever the process ends."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tflm_hil import files
from tflm_hil.errors import StorageError
from tflm_hil.report import files as report_files
from tflm_hil.report.render import html
from tflm_hil.report.render.markdown import TABLE_NAME

from tests.unit.report import synthetic


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_until_the_new_one_is_on_the_disk_the_old_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(path.read_text()))
    files.write_text(path, "new")
    assert seen == ["old", "new"], "the file, and then its name in the folder"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["report"]


def test_of_a_file_that_cannot_be_written_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        files.write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["report"]


def test_what_stands_at_the_path_keeps_its_kind(tmp_path: Path) -> None:
    """The mode of a file, a link to one, a pipe."""
    secret, link, pipe = tmp_path / "secret", tmp_path / "link", tmp_path / "pipe"
    secret.touch(0o600)
    link.symlink_to(secret)
    files.write_text(link, "through the link")
    assert link.is_symlink()
    assert secret.read_text() == "through the link"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    files.write_text(pipe, "through the pipe")
    reader.join(10)
    assert read == ["through the pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_every_file_of_a_report_is_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    whole = files.write_whole

    def noted(path: Path, content: bytes) -> None:
        written.append(path.name)
        whole(path, content)

    monkeypatch.setattr(files, "write_whole", noted)
    report_files.save(synthetic.run(), tmp_path)
    assert written == ["report.json", TABLE_NAME, report_files.PAGE_NAME]
    assert html.render(synthetic.run()) == (tmp_path / report_files.PAGE_NAME).read_text("utf-8")


def test_drafts_of_a_killed_process_are_removed_by_the_next_report(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from tflm_hil import files
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
files.write_text(Path({str(tmp_path)!r}) / "report.json", "half")
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    (draft,) = tmp_path.iterdir()
    assert draft.name.endswith(".part")
    (tmp_path / ".mine.part").touch()
    report_files.leave(synthetic.run(), tmp_path)
    assert names(tmp_path) == [".mine.part", "report.json", TABLE_NAME]
