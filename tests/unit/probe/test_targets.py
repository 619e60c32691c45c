"""The chips that pyOCD gets: names, and the memory map against RM0385 table 3."""

from __future__ import annotations

import pytest
from pyocd.core.memory_map import MemoryMap
from pyocd.target import TARGET
from tflm_hil.boards.spec import board_files, load_spec
from tflm_hil.errors import ConfigurationError
from tflm_hil.probe import pyocd_plugin
from tflm_hil.probe.flash import slot_sectors
from tflm_hil.probe.flash_layout import FlashLayout
from tflm_hil.probe.targets import targets
from tflm_hil.probe.targets.stm32f7 import STM32F746NG, STM32F746ZG, Stm32F746

KB = 1024
MAP: MemoryMap = Stm32F746.MEMORY_MAP


@pytest.mark.parametrize(("name", "chip"), [("zg", STM32F746ZG), ("ng", STM32F746NG)])
def test_registered_under_its_name(name: str, chip: type) -> None:
    pyocd_plugin.register()
    assert TARGET[f"stm32f746{name}"] is chip
    assert f"STM32F746{name.upper()}" == chip.PART_NUMBER
    assert chip.MEMORY_MAP is MAP


def test_what_an_emulated_board_says_it_is_can_be_debugged() -> None:
    assert pyocd_plugin.EMULATED_TARGET in targets()


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
        region = MAP.get_region_for_address(address)
        assert region.is_flash, sector
        assert region.sector_size == size
        assert (start - region.start) % size == 0


@pytest.mark.parametrize("board", board_files())
def test_the_model_slot_of_every_board_is_made_of_whole_sectors(board: str) -> None:
    spec = load_spec(board, environment={})
    chip_map = targets()[spec.target].MEMORY_MAP
    sectors = slot_sectors(chip_map, spec.flash)
    assert sectors[0][1] == spec.flash.slot_address
    assert chip_map.get_region_for_address(spec.flash.firmware_address).is_boot_memory


def slot(address: int, length: int) -> FlashLayout:
    return FlashLayout(0x08000000, 0x8000, address, length)


def test_a_slot_over_sectors_of_several_sizes() -> None:
    addresses = [address for _, address in slot_sectors(MAP, slot(0x08018000, 0x68000))]
    assert addresses == [0x08018000, 0x08020000, 0x08040000]


@pytest.mark.parametrize(
    ("address", "length"),
    [
        (0x08080000, 256 * KB + 4),  # ends within a sector
        (0x08090000, 64 * KB),  # begins within one
        (0x080C0000, 512 * KB),  # runs out of the flash
        (0x20000000, 64 * KB),  # RAM
    ],
)
def test_a_slot_that_is_not_whole_sectors_is_refused(address: int, length: int) -> None:
    with pytest.raises(ConfigurationError, match="whole flash sectors") as caught:
        slot_sectors(MAP, slot(address, length))
    assert "flash.slot_address" in caught.value.remedy


@pytest.mark.parametrize("address", [0, 0x20000000, 0x2000FFFF, 0x20010000, 0x2004FFFF])
def test_ram(address: int) -> None:
    assert MAP.get_region_for_address(address).is_ram


@pytest.mark.parametrize("address", [0x08100000, 0x20050000, 0x60000000])
def test_nothing_there(address: int) -> None:
    assert MAP.get_region_for_address(address) is None
