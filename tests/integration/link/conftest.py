"""The real application, compiled for the desktop, with models in its slot."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.firmware_build.build import build
from tflm_hil.link.device import Device
from tflm_hil.link.transport import SerialTransport
from tflm_hil.models.slot.slot import SlotEntry

from tests.support import tiny_models
from tests.support.boards import probe_of
from tests.support.emulated_boards import NUCLEO
from tests.support.posix_board import PosixBoard, build_app
from tests.support.step_model import lstm_step

STEP = SlotEntry("lstm_step", lstm_step())
WIDE = SlotEntry("wide", tiny_models.add(700))  # 2,800 bytes in and out: larger than a frame
TOO_LARGE = SlotEntry("too_large", tiny_models.add(40_000))
UNKNOWN = SlotEntry("unknown", tiny_models.with_operator("TILE"))
DIGITS = SlotEntry(
    "digits_lstm",
    (Path(__file__).parents[3] / "fixtures/models/digits_lstm/float32-loop.tflite").read_bytes(),
)
CORRUPT = SlotEntry("corrupt", lstm_step()[:900])


@pytest.fixture(scope="session")
def app() -> Path:
    return build_app()


@pytest.fixture
def board(app: Path, tmp_path: Path) -> Iterator[PosixBoard]:
    """A board that has just been switched on."""
    board = PosixBoard(app, [STEP, WIDE, TOO_LARGE, UNKNOWN, CORRUPT], tmp_path)
    yield board
    board.stop()


@pytest.fixture
def device(board: PosixBoard) -> Device:
    """In session with `board`; gives up after 2 s of silence."""
    device = board.device(timeout_s=2.0)
    device.hello()
    return device


@dataclass(frozen=True)
class EmulatedBoard:
    """The emulated board with the shipped firmware, at 921600 baud."""

    process: EmulatorProcess
    device: Device

    def state(self) -> dict[str, Any]:
        """Virtual time, line counters, findings."""
        return self.process.control({"get": "state"})


@pytest.fixture(scope="module")
def emulated() -> Iterator[EmulatedBoard]:
    uid = f"EMU-LINK-{os.getpid()}"
    try:
        with EmulatorProcess.start(NUCLEO, uid=uid, blank=True) as process:
            transport = SerialTransport(process.tty, 115200)
            probe = probe_of(uid)
            probe.flash_firmware(build("nucleo_f746zg").elf)
            probe.store_models([STEP, DIGITS])
            device = Device(transport, board=uid, clock=process.clock())
            assert device.set_baud(921600) == 921600
            yield EmulatedBoard(process, device)
            device.close()
    finally:
        registry.flash_path(uid).unlink(missing_ok=True)
