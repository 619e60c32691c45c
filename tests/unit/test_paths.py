"""Folders that cannot be made are the user's to know, not a traceback."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tflm_hil.errors import ConfigurationError
from tflm_hil.paths import cache_dir, made, runtime_dir


def test_a_folder_is_made_and_may_be_there_already(tmp_path: Path) -> None:
    path = made(tmp_path / "a" / "b", mode=0o700)
    assert made(path) == path
    assert path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_says_which_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="in-the-file cannot be made") as caught:
        made(tmp_path / "file" / "in-the-file")
    assert "XDG_CACHE_HOME" in caught.value.remedy


def test_the_environment_moves_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    assert cache_dir("x").is_relative_to(tmp_path / "cache")
    assert runtime_dir("x").is_relative_to(tmp_path / "run")


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which ours are."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


FOLDERS = pytest.mark.parametrize("folder", [cache_dir, runtime_dir])


@FOLDERS
def test_they_are_for_this_user_only(shared: Path, folder: Callable[[str], Path]) -> None:
    mask = os.umask(0)
    try:
        made = folder("emulators")
    finally:
        os.umask(mask)
    assert [path.stat().st_mode & 0o777 for path in (made, made.parent)] == [0o700, 0o700]
    assert made.parent.parent == shared
    assert folder("emulators") == made


@FOLDERS
@pytest.mark.parametrize("where", ["tflm-hil", "tflm-hil/emulators"])
def test_what_anybody_could_write_is_refused(
    shared: Path, folder: Callable[[str], Path], where: str
) -> None:
    (shared / where).mkdir(parents=True)
    (shared / where).chmod(0o777)
    with pytest.raises(ConfigurationError, match=r"written by anybody|cannot be used") as caught:
        folder("emulators")
    assert "700" in caught.value.remedy
    (shared / where).chmod(0o700)
    folder("emulators")


@FOLDERS
def test_what_others_can_read_is_closed(shared: Path, folder: Callable[[str], Path]) -> None:
    (shared / "tflm-hil").mkdir(mode=0o775)
    assert folder("x").parent.stat().st_mode & 0o777 == 0o700


@FOLDERS
@pytest.mark.parametrize("trap", ["folder", "link"])
def test_what_is_somebody_elses_is_refused(
    shared: Path, folder: Callable[[str], Path], trap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder, or a link to one of our own, that another user has put there."""
    owner = os.geteuid() + 1 if os.geteuid() else 12345
    if os.geteuid() == 0:
        place = shared / "tflm-hil"
        if trap == "folder":
            place.mkdir(mode=0o700)
        else:
            (shared / "mine").mkdir(mode=0o700)
            place.symlink_to(shared / "mine")
        os.chown(place, owner, owner, follow_symlinks=False)
    else:
        (shared / "tflm-hil").mkdir(mode=0o700)
        monkeypatch.setattr(os, "geteuid", lambda: owner)
    with pytest.raises(ConfigurationError, match=r"belongs to user|cannot be used") as caught:
        folder("emulators")
    assert "XDG_" in caught.value.remedy


def test_a_cache_may_be_a_link_of_ones_own(shared: Path) -> None:
    (shared / "large disk").mkdir()
    (shared / "tflm-hil").symlink_to(shared / "large disk")
    assert cache_dir("x").resolve() == (shared / "large disk" / "x").resolve()


def test_one_that_cannot_be_made_is_no_reason_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who needs it says so; who only looks for what is kept finds nothing."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert not cache_dir("x").exists()
