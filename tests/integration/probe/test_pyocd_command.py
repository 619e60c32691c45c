"""The stock `pyocd` command against a running emulated board."""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.firmware_build.build import FirmwareImage
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.probe.flash import elf_segments
from tflm_hil.probe.probe import Probe

from tests.support.boards import FLASH

Pyocd = Callable[..., str]


def test_list_shows_uid_and_target(pyocd: Pyocd, emulator: EmulatorProcess) -> None:
    line = next(line for line in pyocd("list").splitlines() if emulator.uid in line)
    assert "stm32f746" in line


def test_load_programs_the_firmware(
    pyocd: Pyocd, emulator: EmulatorProcess, firmware: FirmwareImage, probe: Probe
) -> None:
    assert "programmed" in pyocd("load", "-u", emulator.uid, str(firmware.elf))
    for segment in elf_segments(firmware.elf, FLASH):
        assert probe.read_memory(segment.address, len(segment.data)) == segment.data
    assert probe.flash_firmware(firmware.elf).bytes == 0


def test_cmd_reads_memory_and_registers(
    pyocd: Pyocd, emulator: EmulatorProcess, firmware: FirmwareImage, probe: Probe
) -> None:
    probe.flash_firmware(firmware.elf)
    output = pyocd(
        "cmd", "-u", emulator.uid, "-c", "halt", "-c", "reg pc", "-c", "read32 0xe000ed00", "-c",
        "go",
    )  # fmt: skip
    assert "pc = 0x08" in output
    assert "410fc271" in output


def test_erase_clears_firmware_and_models(
    pyocd: Pyocd, emulator: EmulatorProcess, firmware: FirmwareImage, probe: Probe
) -> None:
    probe.flash_firmware(firmware.elf)
    probe.store_models([SlotEntry("model", b"model" * 100)])
    pyocd("erase", "-u", emulator.uid, "--chip")
    assert probe.read_memory(0x08000000, 64) == b"\xff" * 64
    assert probe.slot_directory().models == ()
