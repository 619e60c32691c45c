"""The firmware's application as a desktop process: everything of the board but the silicon.

Built with CMake from `firmware/` (board `posix`), incrementally, in a directory of its own; or
taken from where `HIL_POSIX_APP` says, for instance from a build with sanitizers.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock
from tflm_hil.link.device import Device
from tflm_hil.link.transport import SerialTransport
from tflm_hil.models.slot.slot import SlotEntry, pack
from tflm_hil.paths import cache_dir, made

_FIRMWARE = Path(__file__).parents[2] / "firmware"


def build_app() -> Path:
    """The executable. Raises CalledProcessError with the compiler's words."""
    if given := os.environ.get("HIL_POSIX_APP"):
        return Path(given)
    build = made(cache_dir("desktop-app"))
    with FileLock(build.with_suffix(".lock")):
        cache = build / "CMakeCache.txt"
        if cache.exists() and f"={_FIRMWARE}\n" not in cache.read_text():
            shutil.rmtree(build)  # of another checkout
        configure: list[str | Path] = ["cmake", "-S", _FIRMWARE, "-B", build, "-G", "Ninja"]
        options = ["-DHIL_BOARD=posix", "-DHIL_TESTS=OFF", "-DCMAKE_BUILD_TYPE=RelWithDebInfo"]
        compile_it: list[str | Path] = ["cmake", "--build", build, "--target", "hil_app"]
        for command in ([*configure, *options], compile_it):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
    return build / "bin" / "hil_app"


class PosixBoard:
    """A running board with `models` in its slot; `stop()` ends it."""

    def __init__(self, app: Path, models: Iterable[SlotEntry], directory: Path) -> None:
        slot = directory / "slot.bin"
        slot.write_bytes(pack(models) + b"\xff" * 64)
        self._process = subprocess.Popen(
            [app],
            env={**os.environ, "HIL_POSIX_SLOT": str(slot)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.tty = self._process.stdout.readline().removeprefix("tty: ").strip()
        self._devices: list[Device] = []

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def transport(self) -> SerialTransport:
        return SerialTransport(self.tty, 115200)

    def device(self, timeout_s: float = 10.0) -> Device:
        """A device on this board; closed by `stop()`."""
        device = Device(self.transport(), board="posix", timeout_s=timeout_s)
        self._devices.append(device)
        return device

    def press_reset(self) -> None:
        """The reset button."""
        self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """The board loses power."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
        for device in self._devices:
            device.close()
