"""10,000 results over a line that damages one byte in 10,000, on the desktop and on the emulated
board."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.emulator import registry
from harness.emulator.process import EmulatorProcess
from harness.firmware_build.build import build
from harness.link.device import Device
from harness.link.transport import SerialTransport
from harness.probe.probe import Probe
from tests.integration.link.conftest import STEP
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


def test_on_the_emulated_board() -> None:
    uid = f"EMU-LINK-{os.getpid()}"
    try:
        with EmulatorProcess.start(uid=uid, blank=True) as emulator:
            transport = SerialTransport(emulator.tty, 115200)
            probe = Probe(uid)
            probe.flash_firmware(build().elf)
            probe.store_models([STEP])
            device = Device(transport, board=uid)
            device.hello()
            device.set_baud(921600)
            device.load(STEP.hash)

            def set_noise() -> None:
                emulator.control(
                    {
                        "set": "line_noise",
                        "rate": exactly_once.NOISE_RATE,
                        "seed": 1,
                        "kinds": ["flip", "drop", "duplicate"],
                        "directions": ["in", "out"],
                    }
                )

            exactly_once.check(device, device, set_noise)
            assert emulator.control({"get": "state"})["findings"] == []
            device.close()
    finally:
        registry.flash_path(uid).unlink(missing_ok=True)


def _directories(root: Path) -> list[Path]:
    directories = [root / "clean", root / "noisy"]
    for directory in directories:
        directory.mkdir()
    return directories


def _damaged(line: NoisyTransport) -> int:
    return sum(
        noise.counters.flip + noise.counters.drop + noise.counters.duplicate
        for noise in (line.outward, line.inward)
    )
