"""IWDG and WWDG bite when they are not fed, and only then."""

from __future__ import annotations

import pytest
from tflm_hil.emulator.bus import ResetReason

from tests.unit.emulator.peripherals import board
from tests.unit.emulator.peripherals.fake_bus import Chip

IWDG_KR, IWDG_PR, IWDG_RLR = 0x4000_3000, 0x4000_3004, 0x4000_3008
WWDG_CR, WWDG_CFR, WWDG_SR = 0x4000_2C00, 0x4000_2C04, 0x4000_2C08
HSI = 16_000_000
WWDG_TICK = 4096
"""Core cycles of a tick while HCLK = PCLK1."""


@pytest.fixture
def chip() -> Chip:
    return Chip()


def start_iwdg(chip: Chip, ticks: int) -> None:
    """`ticks` milliseconds: 32 kHz / 32."""
    chip.write(IWDG_KR, 0xCCCC)
    chip.write(IWDG_KR, 0x5555)
    chip.write(IWDG_PR, 3)
    chip.write(IWDG_RLR, ticks - 1)
    chip.write(IWDG_KR, 0xAAAA)


def test_independent_watchdog_bites(chip: Chip) -> None:
    start_iwdg(chip, 100)
    chip.bus.advance(HSI // 10 - 1)
    assert chip.bus.resets == []
    chip.bus.advance(HSI)
    assert chip.bus.resets == [ResetReason.INDEPENDENT_WATCHDOG]


def test_independent_watchdog_fed(chip: Chip) -> None:
    start_iwdg(chip, 100)
    for _ in range(10):
        chip.bus.advance(HSI // 11)
        chip.write(IWDG_KR, 0xAAAA)
    assert chip.bus.resets == []


def test_independent_watchdog_keeps_its_seconds_when_hclk_changes(chip: Chip) -> None:
    start_iwdg(chip, 100)
    board.clocks(chip)
    spent = chip.bus.cycles / HSI
    assert spent < 0.001
    chip.bus.advance(round(0.099 * board.HCLK))
    assert chip.bus.resets == []
    chip.bus.advance(round(0.002 * board.HCLK))
    assert chip.bus.resets == [ResetReason.INDEPENDENT_WATCHDOG]


def test_independent_watchdog_locked(chip: Chip) -> None:
    chip.write(IWDG_RLR, 5)
    assert chip.read(IWDG_RLR) == 0xFFF
    assert chip.bus.rules == ["watchdog-locked"]


def test_reset_stops_the_independent_watchdog(chip: Chip) -> None:
    start_iwdg(chip, 100)
    chip.reset(ResetReason.PIN)
    chip.bus.advance(HSI)
    assert chip.bus.resets == []


def test_window_watchdog_bites_when_t6_falls(chip: Chip) -> None:
    chip.set_bits(board.RCC_APB1ENR, 1 << 11)
    chip.write(WWDG_CR, 1 << 7 | 0x7F)
    chip.bus.advance(10 * WWDG_TICK)
    assert chip.read(WWDG_CR) & 0x7F == 0x7F - 10
    chip.bus.advance(54 * WWDG_TICK - 1)
    assert chip.bus.resets == []
    chip.bus.advance(1)
    assert chip.bus.resets == [ResetReason.WINDOW_WATCHDOG]


def test_window_watchdog_fed_too_early(chip: Chip) -> None:
    chip.set_bits(board.RCC_APB1ENR, 1 << 11)
    chip.write(WWDG_CFR, 0x50)
    chip.write(WWDG_CR, 1 << 7 | 0x7F)
    chip.bus.advance(0x30 * WWDG_TICK)
    chip.write(WWDG_CR, 1 << 7 | 0x7F)
    assert chip.bus.resets == []
    chip.bus.advance(0x10 * WWDG_TICK)
    chip.write(WWDG_CR, 1 << 7 | 0x7F)
    assert chip.bus.resets == [ResetReason.WINDOW_WATCHDOG]


def test_window_watchdog_warns_one_tick_before(chip: Chip) -> None:
    chip.set_bits(board.RCC_APB1ENR, 1 << 11)
    chip.write(WWDG_CFR, 1 << 9 | 0x7F)
    chip.write(WWDG_CR, 1 << 7 | 0x7F)
    chip.bus.sleep_until_irq(0)
    assert chip.bus.cycles == 63 * WWDG_TICK
    chip.write(WWDG_SR, 0)
    assert not chip.bus.irqs[0]
