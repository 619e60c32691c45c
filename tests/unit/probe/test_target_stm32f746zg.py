"""The memory map that pyOCD gets, against RM0385 table 3."""

from __future__ import annotations

import pytest
from pyocd.target import TARGET
from tflm_hil.models.slot.slot import SLOT_ADDRESS, SLOT_BYTES
from tflm_hil.probe import pyocd_plugin
from tflm_hil.probe.target_stm32f746zg import STM32F746ZG

KB = 1024


def test_registered_under_its_name() -> None:
    pyocd_plugin.register()
    assert TARGET["stm32f746zg"] is STM32F746ZG


@pytest.mark.parametrize(
    ("sector", "start", "size"),
    [
        (0, 0x08000000, 32 * KB),
        (1, 0x08008000, 32 * KB),
        (2, 0x08010000, 32 * KB),
        (3, 0x08018000, 32 * KB),
        (4, 0x08020000, 128 * KB),
        (5, 0x08040000, 256 * KB),
        (6, 0x08080000, 256 * KB),
        (7, 0x080C0000, 256 * KB),
    ],
)
def test_sectors(sector: int, start: int, size: int) -> None:
    for address in (start, start + size - 1):
        region = STM32F746ZG.MEMORY_MAP.get_region_for_address(address)
        assert region.is_flash, sector
        assert region.sector_size == size
        assert (start - region.start) % size == 0


def test_the_model_slot_is_the_last_two_sectors() -> None:
    last = STM32F746ZG.MEMORY_MAP.get_region_for_address(SLOT_ADDRESS)
    assert SLOT_ADDRESS + SLOT_BYTES - 1 == last.end == 0x080FFFFF


@pytest.mark.parametrize("address", [0, 0x20000000, 0x2000FFFF, 0x20010000, 0x2004FFFF])
def test_ram(address: int) -> None:
    assert STM32F746ZG.MEMORY_MAP.get_region_for_address(address).is_ram


@pytest.mark.parametrize("address", [0x08100000, 0x20050000, 0x60000000])
def test_nothing_there(address: int) -> None:
    assert STM32F746ZG.MEMORY_MAP.get_region_for_address(address) is None
