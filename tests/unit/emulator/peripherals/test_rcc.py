"""Clock tree, ready bits, clock gates and resets, and every finding about them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from tflm_hil.emulator.bus import ResetReason

from tests.support.emulated_boards import DISCO
from tests.unit.emulator.peripherals import board
from tests.unit.emulator.peripherals.board import RCC_CFGR, RCC_CR, RCC_CSR, RCC_PLLCFGR
from tests.unit.emulator.peripherals.fake_bus import Chip


@pytest.fixture
def chip() -> Chip:
    return Chip()


def test_starts_on_hsi_and_tells_the_machine(chip: Chip) -> None:
    assert chip.bus.hclk_hz == 16_000_000
    assert chip.read(RCC_CR) & 3 == 3


def test_216_mhz_without_a_finding(chip: Chip) -> None:
    board.clocks(chip)
    assert chip.bus.findings == []
    assert chip.bus.hclk_hz == board.HCLK
    assert chip.rcc.tree.pclk1_hz == 54_000_000
    assert chip.rcc.tree.pclk2_hz == 108_000_000
    assert chip.rcc.tree.timer1_hz == 108_000_000
    assert chip.rcc.tree.usart_hz("USART3") == 54_000_000


def test_the_pll_takes_its_time(chip: Chip) -> None:
    chip.set_bits(RCC_CR, 1 << 24)
    assert not chip.read(RCC_CR) & 1 << 25
    chip.bus.advance(1599)
    assert not chip.read(RCC_CR) & 1 << 25, "100 µs at 16 MHz"
    chip.bus.advance(1)
    assert chip.read(RCC_CR) & 1 << 25


def test_the_switch_waits_for_its_source(chip: Chip) -> None:
    chip.write(RCC_PLLCFGR, 16 | 192 << 6 | 1 << 16 | 4 << 24)  # 48 MHz from HSI
    chip.set_bits(RCC_CR, 1 << 24)
    chip.set_bits(RCC_CFGR, 2)
    assert chip.read(RCC_CFGR) & 0xC == 0
    assert chip.bus.hclk_hz == 16_000_000
    chip.bus.advance(1600)
    assert chip.read(RCC_CFGR) & 0xC == 8
    assert chip.bus.hclk_hz == 48_000_000


def test_the_clock_in_use_cannot_be_switched_off(chip: Chip) -> None:
    board.clocks(chip)
    chip.write(RCC_CR, 0)
    assert chip.read(RCC_CR) & 1 << 24
    assert chip.read(RCC_CR) & 1 << 16, "HSE feeds the PLL"
    assert not chip.read(RCC_CR) & 1


def test_a_stopped_oscillator_is_no_longer_ready(chip: Chip) -> None:
    chip.set_bits(RCC_CR, 1 << 18 | 1 << 16)
    chip.wait(RCC_CR, 1 << 17)
    chip.clear_bits(RCC_CR, 1 << 16)
    assert not chip.read(RCC_CR) & 1 << 17
    chip.bus.advance(100_000)
    assert not chip.read(RCC_CR) & 1 << 17


def test_crystal_mode_on_a_board_without_crystal(chip: Chip) -> None:
    chip.set_bits(RCC_CR, 1 << 16)
    assert chip.bus.rules == ["hse-bypass"]
    assert "NUCLEO-F746ZG feeds it with a clock of 8 MHz" in chip.bus.findings[0][1]


def test_a_crystal_takes_longer_to_start_than_a_clock_that_comes_in() -> None:
    for chip, control, seconds in ((Chip(), 5 << 16, 10e-6), (Chip(DISCO), 1 << 16, 2e-3)):
        chip.set_bits(RCC_CR, control)
        chip.bus.advance(round(seconds * 16e6) - 1)
        assert not chip.read(RCC_CR) & 1 << 17
        chip.bus.advance(1)
        assert chip.read(RCC_CR) & 1 << 17
        assert chip.bus.findings == []


def test_bypass_mode_on_a_board_with_a_crystal_never_becomes_ready() -> None:
    chip = Chip(DISCO)
    chip.set_bits(RCC_CR, 1 << 18 | 1 << 16)
    assert chip.bus.rules == ["hse-crystal"]
    assert "32F746GDISCOVERY has a crystal of 25 MHz" in chip.bus.findings[0][1]
    chip.bus.advance(16_000_000)
    assert not chip.read(RCC_CR) & 1 << 17
    chip.clear_bits(RCC_CR, 1 << 16)
    chip.clear_bits(RCC_CR, 1 << 18)
    chip.set_bits(RCC_CR, 1 << 16)
    chip.wait(RCC_CR, 1 << 17)


def test_216_mhz_from_a_crystal_of_25() -> None:
    chip = Chip(DISCO)
    chip.set_bits(RCC_CR, 1 << 16)
    chip.wait(RCC_CR, 1 << 17)
    chip.set_bits(board.RCC_APB1ENR, 1 << 28)
    chip.write(RCC_PLLCFGR, 1 << 22 | 9 << 24 | 432 << 6 | 25)
    chip.set_bits(RCC_CR, 1 << 24)
    chip.wait(RCC_CR, 1 << 25)
    chip.write(RCC_CFGR, 0b100 << 13 | 0b101 << 10 | 2)
    assert chip.rcc.tree.hclk_hz == 216_000_000


@pytest.mark.parametrize(
    ("dividers", "word"),
    [
        (4 | 216 << 6 | 1 << 22 | 9 << 24, None),  # 8 / 4 = 2 MHz, 432 MHz
        (2 | 100 << 6 | 1 << 22 | 9 << 24, "input"),  # 4 MHz
        (8 | 50 << 6 | 1 << 22 | 9 << 24, "VCO"),  # 50 MHz
        (4 | 250 << 6 | 1 << 22 | 9 << 24, "VCO"),  # 500 MHz
        (8 | 20 << 6 | 1 << 22 | 9 << 24, "divider"),
    ],
)
def test_pll_ranges(chip: Chip, dividers: int, word: str | None) -> None:
    chip.set_bits(RCC_CR, 1 << 18 | 1 << 16)
    chip.wait(RCC_CR, 1 << 17)
    chip.write(RCC_PLLCFGR, dividers)
    chip.set_bits(RCC_CR, 1 << 24)
    if word is None:
        assert chip.bus.findings == []
    else:
        assert "pll-range" in chip.bus.rules
        assert any(word in sentence for _, sentence in chip.bus.findings)


def test_a_pll_multiplied_by_nothing_does_not_stop_time(chip: Chip) -> None:
    chip.write(RCC_PLLCFGR, 16 | 1 << 16 | 4 << 24)
    chip.set_bits(RCC_CR, 1 << 24)
    chip.set_bits(RCC_CFGR, 2)
    chip.bus.advance(10_000)
    assert chip.bus.hclk_hz > 0
    assert "pll-range" in chip.bus.rules


def test_pll_config_while_it_is_on_is_ignored(chip: Chip) -> None:
    board.clocks(chip)
    before = chip.read(RCC_PLLCFGR)
    chip.write(RCC_PLLCFGR, before ^ 1 << 6)
    assert chip.read(RCC_PLLCFGR) == before
    assert chip.bus.rules == ["pll-config"]


def test_pll_before_its_source(chip: Chip) -> None:
    chip.write(RCC_PLLCFGR, board.PLL_216_MHZ)
    chip.set_bits(RCC_CR, 1 << 24)
    assert chip.bus.rules == ["pll-source"]


def test_wait_states_too_few(chip: Chip) -> None:
    chip.bus.flash_wait_states = 6
    board.clocks(chip)
    assert chip.bus.rules == ["flash-wait-states"]
    assert "needs 7" in chip.bus.findings[0][1]


def test_over_drive_missing(chip: Chip) -> None:
    board.clocks(chip, over_drive=False)
    assert "over-drive" in chip.bus.rules


def test_over_drive_needs_its_ready_bit(chip: Chip) -> None:
    chip.set_bits(board.RCC_APB1ENR, 1 << 28)
    chip.set_bits(board.PWR_CR1, 1 << 16)
    chip.set_bits(board.PWR_CR1, 1 << 17)
    assert chip.bus.rules == ["over-drive"]
    chip.bus.advance(100_000)
    assert not chip.read(board.PWR_CSR1) & 1 << 17


def test_over_drive_left_while_fast(chip: Chip) -> None:
    board.clocks(chip)
    chip.clear_bits(board.PWR_CR1, 1 << 17)
    assert "over-drive" in chip.bus.rules


def test_voltage_scale_too_low(chip: Chip) -> None:
    chip.set_bits(board.RCC_APB1ENR, 1 << 28)
    chip.write(board.PWR_CR1, 1 << 14)
    board.clocks(chip)
    assert "voltage-scale" in chip.bus.rules


def test_voltage_scale_is_fixed_while_the_pll_runs(chip: Chip) -> None:
    board.clocks(chip)
    chip.clear_bits(board.PWR_CR1, 3 << 14)
    assert chip.bus.rules == ["voltage-scale"]
    assert chip.read(board.PWR_CR1) >> 14 & 3 == 3


def test_apb_too_fast(chip: Chip) -> None:
    board.clocks(chip)
    chip.write(RCC_CFGR, 2 | 0b100 << 10 | 0b100 << 13)
    assert chip.bus.rules == ["apb-clock"]
    assert "APB1" in chip.bus.findings[0][1]


@pytest.mark.parametrize(
    ("select", "hz"), [(0, 54_000_000), (1, 216_000_000), (2, 16_000_000), (3, 32_768)]
)
def test_usart_kernel_clock(chip: Chip, select: int, hz: int) -> None:
    board.clocks(chip)
    chip.write(board.RCC + 0x90, select << 4)
    assert chip.rcc.tree.usart_hz("USART3") == Fraction(hz)
    assert chip.rcc.tree.usart_hz("USART1") == 108_000_000


def test_a_peripheral_without_clock(chip: Chip) -> None:
    chip.write(board.GPIOD, 0xFFFF_FFFF)
    assert chip.read(board.GPIOD) == 0
    assert chip.bus.rules == ["clock-off", "clock-off"]
    assert "GPIODEN" in chip.bus.findings[0][1]
    chip.set_bits(board.RCC_AHB1ENR, 1 << 3)
    assert chip.read(board.GPIOD) == 0, "the write was lost"
    chip.write(board.GPIOD, 0x55)
    assert chip.read(board.GPIOD) == 0x55


def test_peripheral_reset_bit(chip: Chip) -> None:
    chip.set_bits(board.RCC_AHB1ENR, 1 << 3)
    chip.write(board.GPIOD, 0x55)
    chip.set_bits(board.RCC + 0x10, 1 << 3)
    assert chip.read(board.GPIOD) == 0
    chip.write(board.GPIOD, 0x55)
    assert chip.bus.rules == ["held-in-reset"]
    chip.clear_bits(board.RCC + 0x10, 1 << 3)
    chip.write(board.GPIOD, 0x55)
    assert chip.read(board.GPIOD) == 0x55


@pytest.mark.parametrize(
    ("reason", "flags"),
    [
        (ResetReason.PIN, 0x0400_0000),
        (ResetReason.SOFTWARE, 0x1400_0000),
        (ResetReason.INDEPENDENT_WATCHDOG, 0x2400_0000),
        (ResetReason.WINDOW_WATCHDOG, 0x4400_0000),
        (ResetReason.LOW_POWER, 0x8400_0000),
    ],
)
def test_reset_flags(chip: Chip, reason: ResetReason, flags: int) -> None:
    assert chip.read(RCC_CSR) & 0xFE00_0000 == 0x0E00_0000
    chip.set_bits(RCC_CSR, 1 << 24)
    assert chip.read(RCC_CSR) & 0xFE00_0000 == 0
    chip.reset(reason)
    assert chip.read(RCC_CSR) & 0xFE00_0000 == flags
    chip.reset(ResetReason.PIN)
    assert chip.read(RCC_CSR) & 0xFE00_0000 == flags, "flags add up until RMVF"


def test_reset_goes_back_to_hsi(chip: Chip) -> None:
    board.clocks(chip)
    chip.set_bits(board.RCC_AHB1ENR, 1 << 3)
    chip.reset(ResetReason.SOFTWARE)
    assert chip.bus.hclk_hz == 16_000_000
    assert chip.read(board.RCC_AHB1ENR) == 0x0010_0000
    chip.read(board.GPIOD)
    assert chip.bus.rules == ["clock-off"]


def test_low_speed_oscillators(chip: Chip) -> None:
    chip.set_bits(RCC_CSR, 1)
    assert not chip.read(RCC_CSR) & 2
    chip.wait(RCC_CSR, 2)
    chip.write(board.RCC + 0x70, 1)
    assert chip.bus.rules == ["backup-locked"]
    chip.set_bits(board.RCC_APB1ENR, 1 << 28)
    chip.set_bits(board.PWR_CR1, 1 << 8)
    chip.write(board.RCC + 0x70, 1)
    chip.bus.advance(16_000_000)
    assert chip.read(board.RCC + 0x70) == 3
    chip.reset(ResetReason.PIN)
    assert chip.read(board.RCC + 0x70) == 3, "the backup domain survives a system reset"
