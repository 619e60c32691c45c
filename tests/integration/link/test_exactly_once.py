"""10,000 results over a line that damages one byte in 10,000, on the desktop and on the emulated
board."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tflm_hil.emulator.outside.line_noise import KINDS, LineNoise
from tflm_hil.link.device import Device

from tests.integration.link.conftest import STEP, EmulatedBoard
from tests.support import exactly_once
from tests.support.disturbed_line import DisturbedLine
from tests.support.posix_board import PosixBoard

STANDS_S, RUNS_S = 0.5, 0.05  # the shortest wait for a reply is 0.3 s


@pytest.mark.parametrize("seed", [1, 5, 9])
def test_on_the_desktop(app: Path, tmp_path: Path, seed: int) -> None:
    boards = [PosixBoard(app, [STEP], directory) for directory in _directories(tmp_path)]
    try:
        clean = boards[0].device()
        clean.load(STEP.hash)
        noise = [LineNoise(exactly_once.NOISE_RATE, seed + direction) for direction in range(2)]
        line = DisturbedLine(boards[1].transport())
        line.outward, line.inward = (one.apply for one in noise)
        noisy = Device(line, board="posix")
        noisy.load(STEP.hash)
        exactly_once.check(clean, noisy, lambda: None)
        assert sum(one.counters.total for one in noise) > 20
        invocations = sum(result.steps for result in exactly_once.run(clean, 100))
        before = noisy.status().invocations
        exactly_once.run(noisy, 100)
        assert noisy.status().invocations == before + invocations
        noisy.close()
    finally:
        for board in boards:
            board.stop()


@contextmanager
def starved(pid: int) -> Iterator[None]:
    """The process gets no processor time for longer than a lost frame is waited for, again and
    again, as on a machine with very much else to do.
    """
    end = threading.Event()

    def starve() -> None:
        while not end.wait(RUNS_S):
            os.kill(pid, signal.SIGSTOP)
            end.wait(STANDS_S)
            os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=starve)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def test_a_board_that_gets_little_processor_time_is_waited_for(emulated: EmulatedBoard) -> None:
    """Nothing is asked for twice, and nothing is given up."""
    device = emulated.device
    device.load(STEP.hash)
    before = replace(device.counters)
    with starved(emulated.process.pid):
        for _ in range(8):
            device.status()
        assert len(exactly_once.run(device, 150)) == 150
    after = device.counters
    assert (after.timeouts, after.retransmissions) == (before.timeouts, before.retransmissions)
    assert after.resets == before.resets


def test_on_the_emulated_board(app: Path, tmp_path: Path, emulated: EmulatedBoard) -> None:
    """Held to what the desktop answers over a clean line: the engine's bits are the same."""
    device = emulated.device
    device.load(STEP.hash)

    def set_noise() -> None:
        emulated.process.control(
            {
                "set": "line_noise",
                "rate": exactly_once.NOISE_RATE,
                "seed": 1,
                "kinds": list(KINDS),
                "directions": ["in", "out"],
            }
        )

    desktop = PosixBoard(app, [STEP], tmp_path)
    try:
        clean = desktop.device()
        clean.load(STEP.hash)
        exactly_once.check(clean, device, set_noise)
    finally:
        desktop.stop()
    assert emulated.state()["findings"] == []


def _directories(root: Path) -> list[Path]:
    directories = [root / "clean", root / "noisy"]
    for directory in directories:
        directory.mkdir()
    return directories
