"""A board's time, as others see it: it goes on by itself, and only while its process runs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from tflm_hil.emulator.outside import board_time, registry
from tflm_hil.emulator.outside.board_time import BoardTime, TimeKeeper
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.errors import EmulatorError

from tests.support.emulated_boards import NUCLEO

STOPPED_S = 1.5


@pytest.fixture
def board() -> Iterator[EmulatorProcess]:
    """A blank one: its core locks up at once."""
    uid = f"EMU-TIME-{os.getpid()}"
    try:
        with EmulatorProcess.start(NUCLEO, uid=uid, blank=True) as process:
            yield process
    finally:
        registry.flash_path(uid).unlink(missing_ok=True)


def passes(clock: BoardTime, seconds: float) -> None:
    """Wait for so much of the board's time."""
    end = clock.now() + seconds
    while clock.now() < end:
        time.sleep(clock.wall_s(end - clock.now()))


def _look_until(clock: BoardTime, deadline: float) -> None:
    while time.monotonic() < deadline:
        clock.now()
        time.sleep(0.05)


def test_it_goes_on_while_the_core_does_nothing(board: EmulatorProcess) -> None:
    passes(board.clock(), 0.3)


def test_it_stands_still_with_the_process_and_not_before_long_is_that_an_error(
    board: EmulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that gets no processor time for a while is not a dead one."""
    clock = board.clock()
    passes(clock, 0.1)
    os.kill(board.pid, signal.SIGSTOP)
    try:
        time.sleep(2 * board_time.STEP_S)
        still = clock.now()
        time.sleep(STOPPED_S)
        assert clock.now() == still
        monkeypatch.setattr(board_time, "STANDSTILL_S", 0.1)
        monkeypatch.setattr(board_time, "_LIFE_CHECK_S", 0.1)
        time.sleep(0.2)
        with pytest.raises(EmulatorError, match="has stood still"):
            clock.now()
    finally:
        os.kill(board.pid, signal.SIGCONT)
    assert clock.now() >= still
    passes(clock, 0.1)
    assert clock.now() - still < STOPPED_S / 2, (
        "it does not make up for the time in which nothing ran"
    )


@pytest.mark.parametrize(("rate", "expected"), [(6.0, 1.0), (1.0, 1.0), (0.2, 0.2)])
def test_it_goes_no_faster_than_the_wall_clock(
    rate: float, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page as a board writes it, and a wall clock, both moved by hand; the host looks often."""
    uid = f"EMU-RATE-{os.getpid()}"
    wall_s = virtual_s = 0.0
    monkeypatch.setattr(board_time, "time", SimpleNamespace(monotonic=lambda: wall_s))
    keeper = TimeKeeper(
        registry.time_path(uid), virtual_s=lambda: virtual_s, idle=lambda: False, look=lambda: None
    )
    clock = BoardTime(uid)
    began = clock.now()
    for turn in range(1, 3001):  # 3 s
        wall_s += 0.001
        virtual_s += 0.001 * rate
        if turn % 50 == 0:
            keeper.step()
        last = clock.now()
    assert last - began == pytest.approx(3 * expected, abs=2 * board_time.STEP_S)
    wall_s += 1.0  # the board has stopped
    assert clock.now() - last <= board_time.STEP_S
    keeper.close()
    registry.time_path(uid).unlink()


def test_a_process_that_is_gone_is_said_to_be(
    board: EmulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = board.clock()
    passes(clock, 0.1)
    board.stop()
    monkeypatch.setattr(board_time, "_LIFE_CHECK_S", 0.1)
    deadline = time.monotonic() + 10
    with pytest.raises(EmulatorError, match="has ended"):
        _look_until(clock, deadline)


def test_a_board_that_does_not_run_has_no_time() -> None:
    with pytest.raises(EmulatorError, match="does not tell its time"):
        BoardTime("EMU-NOT-THERE")
