"""The memories and the flash file."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest
from tflm_hil.emulator.bus import BusError
from tflm_hil.emulator.machine import Machine
from tflm_hil.emulator.memory import FLASH_SIZE, open_flash

from tests.support.emulated_boards import NUCLEO


def opened(path: Path, *, blank: bool) -> mmap.mmap:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        return open_flash(file, blank=blank)
    finally:
        os.close(file)


def test_a_new_flash_file_is_erased_and_a_kept_one_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    flash = opened(path, blank=False)
    assert flash[:] == b"\xff" * FLASH_SIZE
    flash[100:104] = b"abcd"
    flash.close()
    assert opened(path, blank=False)[100:104] == b"abcd"
    assert opened(path, blank=True)[100:104] == b"\xff" * 4


def test_a_file_of_another_size_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    path.write_bytes(b"short")
    assert opened(path, blank=False)[:5] == b"\xff" * 5
    assert path.stat().st_size == FLASH_SIZE


def test_flash_is_one_memory_at_two_addresses_that_no_bus_master_writes() -> None:
    machine = Machine(NUCLEO)
    machine.memory.flash[8:12] = b"same"
    assert machine.read_memory(0x08000008, 4) == machine.read_memory(0x00200008, 4) == b"same"
    with pytest.raises(BusError):
        machine.write_memory(0x08000008, b"x")


def test_ranges_must_be_in_one_memory_as_a_whole() -> None:
    machine = Machine(NUCLEO)
    machine.write_memory(0x2004FFFC, b"last")
    assert machine.read_memory(0x2004FFFC, 4) == b"last"
    with pytest.raises(BusError):
        machine.read_memory(0x2004FFFE, 4)
    with pytest.raises(BusError):
        machine.write_memory(0x60000000, b"nobody")


def test_the_chip_knows_its_unique_id_and_flash_size() -> None:
    machine = Machine(NUCLEO, unique_id=b"EMU-F746ZG-7")
    assert machine.read_memory(0x1FF0F420, 12) == b"EMU-F746ZG-7"
    assert int.from_bytes(machine.read_memory(0x1FF0F442, 2), "little") == 1024
