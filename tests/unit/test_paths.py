"""Folders that cannot be made are the user's to know, not a traceback."""

from __future__ import annotations

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
