"""Firmware and models into the emulated board's flash, by pyOCD's own algorithm on its core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyocd.core import exceptions
from pyocd.coresight.minimal_mem_ap import MinimalMemAP
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.errors import ConfigurationError, FlashError, ModelTooBig, TargetUnreachable
from tflm_hil.firmware_build.build import FirmwareImage
from tflm_hil.models.slot.slot import HEADER_BYTES, SlotEntry
from tflm_hil.probe.flash import Segment, elf_segments, verify
from tflm_hil.probe.probe import Probe
from tflm_hil.probe.session import ProbeSettings, open_session
from tflm_hil.probe.targets.stm32f7 import STM32F746ZG

from tests.support.boards import FLASH

SMALL = SlotEntry("small", bytes(range(256)) * 20 + b"odd")
OTHER = SlotEntry("other", b"\xa5\x5a" * 9001)


def stored(probe: Probe) -> list[str]:
    directory = probe.slot_directory(check_models=True)
    assert directory.damage == ""
    return [model.name for model in directory.models]


def program(settings: ProbeSettings, offset: int, data: bytes) -> None:
    """Bytes into the slot behind the store's back."""
    with open_session(settings) as session:
        algorithm = session.target.memory_map.get_region_for_address(FLASH.slot_address).flash
        algorithm.init(algorithm.Operation.PROGRAM)
        algorithm.program_page(FLASH.slot_address + offset, data)
        algorithm.cleanup()
        session.target.reset()


def test_firmware_is_programmed_once(probe: Probe, firmware: FirmwareImage) -> None:
    size = sum(len(segment.data) for segment in elf_segments(firmware.elf, FLASH))
    first = probe.flash_firmware(firmware.elf)
    assert first.bytes >= size
    assert first.erased_sectors >= 1
    second = probe.flash_firmware(firmware.elf)
    assert (second.bytes, second.erased_sectors) == (0, 0)
    assert second.reason == "already there"
    for segment in elf_segments(firmware.elf, FLASH):
        assert probe.read_memory(segment.address, len(segment.data)) == segment.data


def test_new_firmware_leaves_the_models_alone(
    probe: Probe, firmware: FirmwareImage, assemble: Callable[[str], Path]
) -> None:
    probe.store_models([SMALL])
    assert probe.flash_firmware(assemble("start: b start")).bytes > 0
    assert stored(probe) == ["small"]
    assert probe.flash_firmware(firmware.elf).bytes > 0
    assert stored(probe) == ["small"]


def test_models_are_appended_without_erasing(probe: Probe) -> None:
    first = probe.store_models([SMALL])
    second = probe.store_models([SMALL, OTHER])
    again = probe.store_models([OTHER, SMALL])
    assert first.bytes == HEADER_BYTES + len(SMALL.payload())
    assert second.bytes == HEADER_BYTES + len(OTHER.payload())
    assert again.bytes == 0
    assert first.erased_sectors == second.erased_sectors == again.erased_sectors == 0
    assert stored(probe) == ["small", "other"]


def test_a_cut_off_append_is_no_entry_and_heals(probe: Probe, settings: ProbeSettings) -> None:
    probe.store_models([SMALL])
    program(settings, SMALL.stored_bytes + HEADER_BYTES, OTHER.payload()[:5000])
    assert stored(probe) == ["small"]
    result = probe.store_models([SMALL, OTHER])
    assert result.erased_sectors == 2
    assert "not blank" in result.reason
    assert stored(probe) == ["small", "other"]


@pytest.mark.parametrize("offset", [12, HEADER_BYTES + 100], ids=["header", "model"])
def test_a_damaged_store_is_written_anew(
    probe: Probe, settings: ProbeSettings, offset: int
) -> None:
    probe.store_models([SMALL, OTHER])
    program(settings, offset, b"\0\0\0\0")
    assert probe.slot_directory(check_models=True).damage
    result = probe.store_models([OTHER])
    assert result.erased_sectors == 2
    assert stored(probe) == ["other"]


def test_a_full_slot_starts_anew(probe: Probe) -> None:
    big = SlotEntry("big", b"\x5a" * (FLASH.slot_bytes - HEADER_BYTES - SMALL.stored_bytes))
    probe.store_models([SMALL])
    assert probe.store_models([big]).erased_sectors == 0
    assert stored(probe) == ["small", "big"]
    assert probe.store_models([OTHER]).erased_sectors == 2
    assert stored(probe) == ["other"]


def test_a_model_that_never_fits_changes_nothing(probe: Probe) -> None:
    probe.store_models([SMALL])
    with pytest.raises(ModelTooBig, match="'huge'"):
        probe.store_models([SlotEntry("huge", bytes(FLASH.slot_bytes))])
    assert stored(probe) == ["small"]


def test_verification_names_the_wrong_byte(probe: Probe, settings: ProbeSettings) -> None:
    probe.store_models([SMALL])
    stale = SMALL.data[:5] + b"\xff" + SMALL.data[6:8]
    with open_session(settings) as session, pytest.raises(FlashError, match=r"0x05 .* 0x08080045"):
        verify(session, Segment(FLASH.slot_address + HEADER_BYTES, stale))


def test_memory_of_the_running_board(probe: Probe, emulator: EmulatorProcess) -> None:
    assert emulator.alive()
    probe.write_memory(0x2004FF03, b"\x01\x02\x03\x04\x05")
    assert probe.read_memory(0x2004FF02, 7)[1:6] == b"\x01\x02\x03\x04\x05"


def test_an_access_to_nothing_is_refused_and_does_no_harm(
    probe: Probe, settings: ProbeSettings
) -> None:
    with pytest.raises(TargetUnreachable, match="0x60000000"):
        probe.read_memory(0x60000000, 4)
    with open_session(settings, "attach") as session:
        later = session.target.read32(0x60000000, now=False)
        with pytest.raises(exceptions.TransferFaultError):
            later()
        assert session.target.read32(0xE0042000) == 0x10016449


def test_another_chip_is_refused_before_it_is_flashed(
    probe: Probe, firmware: FirmwareImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = probe.read_memory(0x08000000, 1024)
    with monkeypatch.context() as patch:
        patch.setattr(STM32F746ZG, "DEVICE_ID", 0x451)  # an STM32F76x is expected
        with pytest.raises(ConfigurationError, match="its device id is 0x449, not 0x451"):
            probe.flash_firmware(firmware.elf)
    assert probe.read_memory(0x08000000, 1024) == before


def test_a_failed_connection_does_not_leave_the_board_in_reset(
    probe: Probe, firmware: FirmwareImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe.flash_firmware(firmware.elf)
    with monkeypatch.context() as patch:
        patch.setattr(MinimalMemAP, "init", lambda _: pytest.fail("no answer", pytrace=False))
        with pytest.raises(pytest.fail.Exception):
            probe.reset()
    with probe.connected("attach"):
        assert not probe.is_halted()
        probe.halt()
        assert 0x08000000 <= probe.read_registers()["pc"] < FLASH.slot_address


def test_run_control(probe: Probe, firmware: FirmwareImage) -> None:
    probe.flash_firmware(firmware.elf)
    with probe.connected("attach"):
        assert not probe.is_halted()
        probe.halt()
        assert probe.is_halted()
        registers = probe.read_registers()
        assert 0x08000000 <= registers["pc"] < FLASH.slot_address
        assert 0x20000000 <= registers["sp"] < 0x20050000
    with probe.connected("attach"):
        assert not probe.is_halted()
    with pytest.raises(RuntimeError, match="connected"):
        probe.halt()
