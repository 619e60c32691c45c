"""A debugger's accesses: memories, flash by its rules, registers, and nobody's fault."""

from __future__ import annotations

import pytest
from tflm_hil.emulator.bus import BusError
from tflm_hil.emulator.machine import Machine

from tests.support.emulated_boards import NUCLEO

RAM, FLASH = 0x2000_0000, 0x0800_0000
FLASH_KEYR, FLASH_CR, GPIOD_MODER, RCC_AHB1ENR = 0x4002_3C04, 0x4002_3C10, 0x4002_0C00, 0x4002_3830


@pytest.fixture
def machine() -> Machine:
    return Machine(NUCLEO)


def test_memory_in_every_width_and_in_blocks(machine: Machine) -> None:
    machine.debugger.write(RAM, 4, 0x44332211)
    machine.debugger.write(RAM + 2, 2, 0xAAAA)
    machine.debugger.write(RAM, 1, 0xFF)
    assert machine.debugger.read(RAM, 4) == 0xAAAA22FF
    assert machine.debugger.write_block(RAM + 8, b"a block!")
    assert machine.memory.read(RAM + 8, 8) == b"a block!"
    assert not machine.debugger.write_block(FLASH, b"a block!"), "not by a plain store"


def test_flash_is_programmed_as_its_registers_allow(machine: Machine) -> None:
    machine.debugger.write(FLASH, 4, 0)
    assert machine.debugger.read(FLASH, 4) == 0xFFFF_FFFF, "locked"
    for key in (0x4567_0123, 0xCDEF_89AB):
        machine.debugger.write(FLASH_KEYR, 4, key)
    machine.debugger.write(FLASH_CR, 4, 0x201)
    machine.debugger.write(FLASH, 4, 0x1234_5678)
    assert machine.debugger.read(FLASH, 4) == 0x1234_5678
    machine.debugger.erase_flash()
    assert machine.debugger.read(FLASH, 4) == 0xFFFF_FFFF


def test_what_a_debugger_does_is_no_finding(machine: Machine) -> None:
    assert machine.debugger.read(GPIOD_MODER, 4) == 0  # its clock is off
    with pytest.raises(BusError):
        machine.debugger.read(0x4009_0000, 4)
    assert machine.findings.as_json() == []


def test_a_reset_that_a_register_asks_for_is_done_at_once(machine: Machine) -> None:
    machine.debugger.write(RCC_AHB1ENR, 4, 1 << 3)
    machine.debugger.write(0xE000_ED0C, 4, 0x05FA_0004)  # AIRCR.SYSRESETREQ
    assert machine.debugger.read(RCC_AHB1ENR, 4) == 0x0010_0000
