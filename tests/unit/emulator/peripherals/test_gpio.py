"""GPIO ports."""

from __future__ import annotations

import pytest

from tests.unit.emulator.peripherals.board import GPIOD, RCC_AHB1ENR
from tests.unit.emulator.peripherals.fake_bus import Chip


@pytest.fixture
def chip() -> Chip:
    chip = Chip()
    chip.set_bits(RCC_AHB1ENR, 0x7FF)
    return chip


def test_set_and_reset_register(chip: Chip) -> None:
    chip.write(GPIOD + 0x18, 0x8001)
    assert chip.read(GPIOD + 0x14) == 0x8001
    chip.write(GPIOD + 0x18, 0x0001_0002)
    assert chip.read(GPIOD + 0x14) == 0x8002
    chip.write(GPIOD + 0x18, 0x0002_0002)
    assert chip.read(GPIOD + 0x14) == 0x8002, "set wins"
    assert chip.read(GPIOD + 0x18) == 0


def test_halfword_and_byte_stores_touch_their_lanes_only(chip: Chip) -> None:
    chip.write(GPIOD + 0x18, 0xFFFF)
    chip.write(GPIOD + 0x1A, 0x00F0, width=2)
    assert chip.read(GPIOD + 0x14) == 0xFF0F
    chip.write(GPIOD + 0x21, 0x77, width=1)
    assert chip.read(GPIOD + 0x20) == 0x7700
    assert chip.read(GPIOD + 0x21, width=1) == 0x77


def test_input_levels(chip: Chip) -> None:
    chip.write(GPIOD, 0b01_00_00)  # pin 2 output, others input
    chip.write(GPIOD + 0x0C, 0b01)  # pin 0 pulled up
    chip.write(GPIOD + 0x14, 0b110)
    assert chip.read(GPIOD + 0x10) == 0b101


def test_locking_is_not_modelled(chip: Chip) -> None:
    chip.write(GPIOD + 0x1C, 0x1_0001)
    assert chip.bus.rules == ["not-modelled"]
