"""The real application, compiled for the desktop, with models in its slot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.link.device import Device
from harness.models.slot import SlotEntry
from tests.support import tiny_models
from tests.support.posix_board import PosixBoard, build_app
from tests.support.step_model import lstm_step

STEP = SlotEntry("lstm_step", lstm_step())
WIDE = SlotEntry("wide", tiny_models.add(700))  # 2,800 bytes in and out: larger than a frame
TOO_LARGE = SlotEntry("too_large", tiny_models.add(40_000))
UNKNOWN = SlotEntry("unknown", tiny_models.with_operator("CONV_2D"))
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
