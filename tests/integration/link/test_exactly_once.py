"""10,000 results over a line that damages one byte in 10,000, on the desktop and on the emulated
board."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.emulator.outside.line_noise import KINDS
from tflm_hil.link.device import Device

from tests.integration.link.conftest import STEP, EmulatedBoard
from tests.support import exactly_once
from tests.support.noisy_transport import NoisyTransport
from tests.support.posix_board import PosixBoard


@pytest.mark.parametrize("seed", [1, 5, 9])
def test_on_the_desktop(app: Path, tmp_path: Path, seed: int) -> None:
    boards = [PosixBoard(app, [STEP], directory) for directory in _directories(tmp_path)]
    try:
        clean = boards[0].device()
        clean.load(STEP.hash)
        line = NoisyTransport(boards[1].transport(), rate=exactly_once.NOISE_RATE, seed=seed)
        noisy = Device(line, board="posix")
        noisy.load(STEP.hash)
        exactly_once.check(clean, noisy, lambda: None)
        assert _damaged(line) > 20
        invocations = sum(result.steps for result in exactly_once.run(clean, 100))
        before = noisy.status().invocations
        exactly_once.run(noisy, 100)
        assert noisy.status().invocations == before + invocations
        noisy.close()
    finally:
        for board in boards:
            board.stop()


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


def _damaged(line: NoisyTransport) -> int:
    return line.outward.counters.total + line.inward.counters.total
