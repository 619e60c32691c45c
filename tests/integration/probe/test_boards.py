"""Acquiring an emulated board: started, attached to, busy, killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from tflm_hil.boards.provider import acquire, list_boards
from tflm_hil.boards.spec import Overrides
from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.errors import EmulatorError, ProbeBusy, ProbeNotFound

BOARD = "nucleo-f746zg-emulated"


@pytest.fixture(autouse=True)
def no_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_board_is_started_and_stopped() -> None:
    with acquire(BOARD) as board:
        assert board.emulator is not None
        assert registry.find(board.probe_uid) is not None
        assert Path(board.tty).exists()
        board.probe.reset()
        assert board.emulator.alive()
    assert registry.find(board.probe_uid) is None


def test_two_boards_at_a_time_are_two_boards() -> None:
    with acquire(BOARD) as one, acquire(BOARD) as other:
        assert one.probe_uid != other.probe_uid
        assert one.tty != other.tty


def test_a_running_board_is_used_and_left_running(emulator: EmulatorProcess) -> None:
    with acquire(BOARD, Overrides(probe_uid=emulator.uid)) as board:
        assert (board.probe_uid, board.tty) == (emulator.uid, emulator.tty)
        assert board.emulator is None
    assert emulator.alive()


def test_a_board_in_use_is_busy(emulator: EmulatorProcess) -> None:
    overrides = Overrides(probe_uid=emulator.uid)
    with (
        acquire(BOARD, overrides),
        pytest.raises(ProbeBusy, match=f"process {os.getpid()} "),
        acquire(BOARD, overrides),
    ):
        pass


def test_the_list_shows_running_boards(emulator: EmulatorProcess) -> None:
    with acquire(BOARD, Overrides(probe_uid=emulator.uid)):
        states = {row.probe_uid: row.state for row in list_boards()}
    assert states[emulator.uid].startswith(f"busy: process {os.getpid()}")
    states = {row.probe_uid: row.state for row in list_boards()}
    assert states[emulator.uid] == f"running (process {emulator.pid})"


def test_a_killed_emulator_is_an_emulator_error() -> None:
    with acquire(BOARD) as board:
        assert board.emulator is not None
        with board.probe.connected("attach"):
            os.kill(board.emulator.pid, signal.SIGKILL)
            while board.emulator.alive():
                time.sleep(0.01)
            with pytest.raises(EmulatorError) as caught:
                board.probe.halt()
        assert caught.value.board == BOARD
        assert caught.value.remedy
        with pytest.raises((ProbeNotFound, EmulatorError)):
            board.probe.reset()
