"""The registry of running boards, with real processes and real locks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tflm_hil.emulator.outside import registry
from tflm_hil.errors import EmulatorError

HOLDER = """
import os, sys, time
from tflm_hil.emulator.outside import registry
claim = registry.claim("EMU-F746ZG")
claim.socket_path.touch()
socket = str(claim.socket_path)
claim.publish(registry.Entry(claim.uid, os.getpid(), "nucleo-f746zg", socket, "t", "f"))
print(claim.uid, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _own_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "run").mkdir(mode=0o700)


def _entry(claim: registry.Claim) -> registry.Entry:
    socket = str(claim.socket_path)
    return registry.Entry(claim.uid, os.getpid(), "nucleo-f746zg", socket, "/dev/pts/9", "flash")


def _hold() -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_claims_get_different_uids_and_are_listed_while_held() -> None:
    first, second = registry.claim("EMU-F746ZG"), registry.claim("EMU-F746ZG")
    assert (first.uid, second.uid) == ("EMU-F746ZG-00", "EMU-F746ZG-01")
    assert registry.entries() == []  # claimed, not published
    for claim in (second, first):
        claim.publish(_entry(claim))
    assert [entry.uid for entry in registry.entries()] == [first.uid, second.uid]
    assert registry.find(second.uid) == _entry(second)
    first.release()
    assert registry.find(first.uid) is None
    second.release()


def test_a_uid_in_use_is_refused_and_free_again_after_release() -> None:
    claim = registry.claim("EMU-F746ZG", "MINE")
    with pytest.raises(EmulatorError, match="MINE is already running"):
        registry.claim("EMU-F746ZG", "MINE")
    claim.release()
    registry.claim("EMU-F746ZG", "MINE").release()


def test_what_a_killed_process_left_is_removed_by_who_finds_it() -> None:
    process, uid = _hold()
    assert [entry.pid for entry in registry.entries()] == [process.pid]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert registry.entries() == []
    assert sorted(path.suffix for path in registry.directory().iterdir()) == [".lock", ".lock"]
    claim = registry.claim("EMU-F746ZG")
    assert claim.uid == uid
    claim.release()


@pytest.mark.parametrize("content", ["", '{"uid": "EMU-F', "[]", '{"uid": "EMU-F746ZG-00"}'])
def test_a_damaged_entry_hides_no_other_board(content: str) -> None:
    damaged, sound = registry.claim("EMU-F746ZG"), registry.claim("EMU-F746ZG")
    for claim in (damaged, sound):
        claim.publish(_entry(claim))
    (registry.directory() / f"{damaged.uid}.json").write_text(content)
    assert registry.entries() == [_entry(sound)]
    damaged.release()
    sound.release()


def test_another_process_that_lives_keeps_its_uid() -> None:
    process, uid = _hold()
    try:
        claim = registry.claim("EMU-F746ZG")
        assert claim.uid != uid
        assert registry.find(uid) is not None
        claim.release()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("uid", ["", "../elsewhere", "a/b", ".hidden", "two words"])
def test_a_uid_that_is_no_file_name_is_refused(uid: str) -> None:
    with pytest.raises(EmulatorError, match="cannot be a uid"):
        registry.claim("EMU-F746ZG", uid)


def test_the_directory_is_for_this_user_only() -> None:
    assert registry.directory().stat().st_mode & 0o077 == 0


def test_each_board_has_a_flash_file_of_its_own() -> None:
    assert registry.flash_path("A") != registry.flash_path("B")
    assert registry.flash_path("A").parent.is_dir()


def _hold_elsewhere(tmp_path: Path) -> tuple[subprocess.Popen[str], str]:
    """By a process with another runtime folder, over the same cache folder."""
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "elsewhere"))
        return _hold()


def test_one_flash_is_for_one_board_whatever_runtime_folders_there_are(tmp_path: Path) -> None:
    process, uid = _hold_elsewhere(tmp_path)
    try:
        assert registry.entries() == []
        own = registry.claim("EMU-F746ZG")
        assert own.uid != uid
        with pytest.raises(
            EmulatorError, match=f"flash of {uid}.* process {process.pid}"
        ) as caught:
            registry.claim("EMU-F746ZG", uid)
        assert "leave out --uid" in caught.value.remedy
        own.release()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    free = registry.claim("EMU-F746ZG", uid)  # no lock outlives who held it
    assert registry.flash_path(uid).stat().st_mode & 0o077 == 0
    free.release()


def test_a_board_that_cannot_be_found_any_more_still_has_its_uid_and_flash() -> None:
    """It ends: until its last store to flash nobody else may use that."""
    claim = registry.claim("EMU-F746ZG", "MINE")
    claim.publish(_entry(claim))
    claim.withdraw()
    assert registry.find("MINE") is None
    with pytest.raises(EmulatorError, match="MINE is already running"):
        registry.claim("EMU-F746ZG", "MINE")
    claim.release()
    registry.claim("EMU-F746ZG", "MINE").release()
