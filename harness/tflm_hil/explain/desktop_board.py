"""The firmware of this project as a process on this desktop, whose engine imitates another.

    with DesktopBoard(entry, {Peculiarity.FORGETFUL_LSTM}, folder) as device:
        device.load(entry.hash)

The engine is the one that models are tried with before flashing (`desktop_engine`), so that it is
compiled already; the rest is compiled when the first board is asked for, and kept.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

from tflm_hil.errors import HilError
from tflm_hil.explain.peculiarity import Peculiarity
from tflm_hil.firmware_build.build import build
from tflm_hil.firmware_build.desktop_engine import DEFINITIONS
from tflm_hil.link.device import Device
from tflm_hil.link.transport import SerialTransport
from tflm_hil.models.slot.slot import SlotEntry, pack

BAUD = 115_200  # it is no line: bytes go as fast as they are read
ERASED = b"\xff" * 64  # behind the models, as in flash


class DesktopBoard:
    """A running process with one model in its slot; entering it gives a device.

    Raises ToolchainMissing and FirmwareBuildError when made, LinkError or SerialPortNotFound when
    entered.
    """

    def __init__(
        self, model: SlotEntry, imitated: Collection[Peculiarity], directory: Path
    ) -> None:
        self._slot = directory / "slot.bin"
        self._slot.write_bytes(pack([model]) + ERASED)
        self._imitated = imitated
        self._program = build("posix", definitions=DEFINITIONS).elf
        self._process: subprocess.Popen[str] | None = None
        self._device: Device | None = None

    def __enter__(self) -> Device:
        words = " ".join(sorted(self._imitated))
        self._process = subprocess.Popen(
            [self._program],
            env={**os.environ, "HIL_POSIX_SLOT": str(self._slot), "HIL_IMITATE": words},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        tty = self._process.stdout.readline().removeprefix("tty: ").strip()
        try:
            self._device = Device(SerialTransport(tty, BAUD), board="posix")
            self._device.hello()
        except HilError:
            self.close()
            raise
        return self._device

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._device is not None:
            self._device.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
        self._device = self._process = None
