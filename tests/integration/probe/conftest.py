"""A running emulated board, the real firmware, and the stock `pyocd` command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from itertools import count
from pathlib import Path

import pytest
import tflm_hil
from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.firmware_build.build import FirmwareImage, build
from tflm_hil.probe.probe import Probe
from tflm_hil.probe.session import ProbeSettings

from tests.support.boards import settings_for
from tests.support.emulated_boards import NUCLEO

_NUMBERS = count()


@pytest.fixture(scope="session")
def firmware() -> FirmwareImage:
    """The firmware that is shipped, built or from the cache."""
    return build("nucleo_f746zg")


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    """An emulated board with erased flash, under a uid that no one else uses."""
    uid = f"EMU-TEST-{os.getpid()}-{next(_NUMBERS)}"
    try:
        with EmulatorProcess.start(NUCLEO, uid=uid, blank=True) as process:
            yield process
    finally:
        registry.flash_path(uid).unlink(missing_ok=True)


@pytest.fixture
def settings(emulator: EmulatorProcess) -> ProbeSettings:
    """How the board file of the emulated board uses its probe."""
    return settings_for(emulator.uid)


@pytest.fixture
def probe(settings: ProbeSettings) -> Probe:
    """The emulated board's probe, with an empty model slot."""
    probe = Probe(settings)
    probe.erase_slot()
    return probe


@pytest.fixture(scope="session")
def pyocd_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the stock `pyocd` finds our entry point.

    Installed, the package brings it; run from a checkout, a bare dist-info does.
    """
    path = [str(Path(tflm_hil.__file__).parents[1])]
    if not any(point.name == "hil-emulator" for point in entry_points(group="pyocd.probe")):
        directory = tmp_path_factory.mktemp("entry-point")
        info = directory / "tflm_hil_checkout-0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tflm-hil-checkout\n")
        (info / "entry_points.txt").write_text(
            "[pyocd.probe]\nhil-emulator = tflm_hil.probe.pyocd_plugin:EmulatedProbePlugin\n"
        )
        path.append(str(directory))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


@pytest.fixture
def pyocd(pyocd_environment: dict[str, str]) -> Callable[..., str]:
    """Run the stock command; returns what it printed, fails the test when it fails."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pyocd", *arguments],
            env=pyocd_environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def assemble(tmp_path: Path) -> Callable[[str], Path]:
    """An ELF from a few lines of assembly with a label `start` (and perhaps `hard_fault`)."""

    def run(code: str) -> Path:
        source, elf = tmp_path / "program.s", tmp_path / "program.elf"
        handler = "hard_fault" if "hard_fault:" in code else "start"
        source.write_text(
            ".syntax unified\n.cpu cortex-m7\n.thumb\n.text\n"
            f".word 0x20008000, start + 1, start + 1, {handler} + 1\n"
            f".thumb_func\n{code}\n.ltorg\n"
        )
        subprocess.run(
            [
                "arm-none-eabi-gcc",
                *("-nostdlib", "-nostartfiles", "-mcpu=cortex-m7", "-g"),
                *("-Wl,-Ttext=0x08000000", "-Wl,-e,start", "-Wl,-n", "-o", str(elf), str(source)),
            ],
            check=True,
        )
        return elf

    return run
