"""The real firmware on an emulated board, driven over its tty."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.firmware_build.build import FirmwareImage, build
from tflm_hil.link.device import Device
from tflm_hil.link.transport import SerialTransport
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.probe.probe import Probe
from tflm_hil.probe.session import ProbeSettings

from tests.integration.engine.conftest import run_wheel
from tests.support.boards import settings_for
from tests.support.emulated_boards import NUCLEO

MODELS = Path(__file__).parents[3] / "fixtures" / "models"
OPS_SEED = 20261123


@dataclass
class Bench:
    """One board with firmware and one model (8 steps in one Invoke, 64 bytes of input)."""

    emulator: EmulatorProcess
    settings: ProbeSettings
    probe: Probe
    transport: SerialTransport
    device: Device
    image: FirmwareImage
    model: SlotEntry

    def state(self) -> dict[str, Any]:
        return self.emulator.control({"get": "state"})

    def load(self) -> bytes:
        """Loads the model; returns an input for it."""
        return bytes(self.device.load(self.model.hash).input_bytes)


@pytest.fixture(scope="module")
def _bench() -> Iterator[Bench]:
    uid = f"EMU-BOARD-{os.getpid()}"
    image = build("nucleo_f746zg")
    path = MODELS / "digits_gru" / "int8-unrolled.tflite"
    model = SlotEntry("digits_gru-int8-unrolled", path.read_bytes())
    with EmulatorProcess.start(NUCLEO, uid=uid, blank=True) as emulator:
        settings = settings_for(uid)
        probe = Probe(settings)
        probe.flash_firmware(image.elf)
        probe.store_models([model])
        transport = SerialTransport(emulator.tty, 115200)
        device = Device(transport, board="nucleo-f746zg", timeout_s=10, clock=emulator.clock())
        try:
            yield Bench(emulator, settings, probe, transport, device, image, model)
        finally:
            device.close()
    registry.flash_path(uid).unlink(missing_ok=True)


@pytest.fixture
def bench(_bench: Bench) -> Bench:
    """A board just restarted, in a new session at the default baud rate, without a fault record."""
    if _bench.device.baud != 115200:
        _bench.device.set_baud(115200)
    _bench.probe.reset()
    _bench.device.hello()
    _bench.device.clear_fault()
    return _bench


@pytest.fixture(scope="session")
def random_ops(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A random model of every operator and type, .in and .out of the wheel beside it."""
    directory = tmp_path_factory.mktemp("ops")
    run_wheel("ops", directory, "1", str(OPS_SEED))
    return sorted(directory.glob("*.tflite"))
