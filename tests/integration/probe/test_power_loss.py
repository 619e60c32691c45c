"""A board that loses power while a model is appended keeps what it had and takes it again."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.errors import HilError
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.probe.probe import Probe

from tests.support.boards import probe_of
from tests.support.emulated_boards import NUCLEO

KEPT = SlotEntry("kept", b"\x5a" * 3000)
CUT_OFF = SlotEntry("cut off", bytes(range(256)) * 1600)


@pytest.fixture
def uid() -> Iterator[str]:
    uid = f"EMU-TEST-{os.getpid()}-power"
    yield uid
    registry.flash_path(uid).unlink(missing_ok=True)


def store_again_and_again(probe: Probe) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        probe.store_models([KEPT, CUT_OFF])


@pytest.mark.parametrize("after_s", [0.03, 0.1, 0.15])
def test_power_loss_during_an_append(uid: str, after_s: float) -> None:
    probe = probe_of(uid)
    with EmulatorProcess.start(NUCLEO, uid=uid, blank=True) as board:
        probe.store_models([KEPT])
        plug = threading.Timer(after_s, os.kill, (board.pid, signal.SIGKILL))
        plug.start()
        with pytest.raises(HilError):
            store_again_and_again(probe)
        plug.join()
    with EmulatorProcess.start(NUCLEO, uid=uid):
        directory = probe.slot_directory(check_models=True)
        assert directory.damage == ""
        assert [model.name for model in directory.models][:1] == ["kept"]
        probe.store_models([KEPT, CUT_OFF])
        stored = probe.slot_directory(check_models=True)
        assert [model.name for model in stored.models] == ["kept", "cut off"]
