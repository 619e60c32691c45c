"""TIM2 to TIM7: counting, flags, interrupts."""

from __future__ import annotations

import time

import pytest
from tflm_hil.emulator.bus import ResetReason

from tests.unit.emulator.peripherals import board
from tests.unit.emulator.peripherals.fake_bus import Chip

TIM2, TIM3, TIM2_IRQ = 0x4000_0000, 0x4000_0400, 28
CR1, SMCR, DIER, SR, EGR, CNT, PSC, ARR, CCR1 = 0, 8, 0xC, 0x10, 0x14, 0x24, 0x28, 0x2C, 0x34
MICROSECOND = 216


@pytest.fixture
def chip() -> Chip:
    """216 MHz; TIM2 as a microsecond counter, as third-party firmware sets it."""
    chip = Chip()
    board.clocks(chip)
    chip.set_bits(board.RCC_APB1ENR, 0b11)
    chip.write(TIM2 + PSC, 107)
    chip.write(TIM2 + EGR, 1)
    chip.write(TIM2 + SR, 0)
    chip.write(TIM2 + CR1, 1)
    return chip


def test_counts_microseconds(chip: Chip) -> None:
    chip.bus.advance(1000 * MICROSECOND - 1)
    assert chip.read(TIM2 + CNT) == 999
    chip.bus.advance(1)
    assert chip.read(TIM2 + CNT) == 1000
    chip.bus.advance(10_000_000 * MICROSECOND)
    assert chip.read(TIM2 + CNT) == 10_001_000
    assert chip.bus.findings == []


def test_the_prescaler_waits_for_an_update(chip: Chip) -> None:
    chip.write(TIM2 + PSC, 1079)
    chip.bus.advance(100 * MICROSECOND)
    assert chip.read(TIM2 + CNT) == 100
    chip.write(TIM2 + EGR, 1)
    assert chip.read(TIM2 + CNT) == 0
    assert chip.read(TIM2 + SR) & 1
    chip.bus.advance(100 * MICROSECOND)
    assert chip.read(TIM2 + CNT) == 10


def test_stopped_it_stands(chip: Chip) -> None:
    chip.bus.advance(50 * MICROSECOND)
    chip.write(TIM2 + CR1, 0)
    chip.bus.advance(50 * MICROSECOND)
    assert chip.read(TIM2 + CNT) == 50
    chip.write(TIM2 + CNT, 7)
    chip.write(TIM2 + CR1, 1)
    chip.bus.advance(3 * MICROSECOND)
    assert chip.read(TIM2 + CNT) == 10


def test_update_interrupt_repeats_exactly(chip: Chip) -> None:
    chip.write(TIM2 + ARR, 999)
    chip.write(TIM2 + DIER, 1)
    start = chip.bus.cycles
    for lap in range(1, 4):
        chip.bus.sleep_until_irq(TIM2_IRQ)
        assert chip.bus.cycles - start == lap * 1000 * MICROSECOND
        assert chip.read(TIM2 + SR) & 1
        chip.write(TIM2 + SR, ~1 & 0xFFFF)
        assert not chip.bus.irqs[TIM2_IRQ]


def test_compare_interrupt(chip: Chip) -> None:
    chip.write(TIM2 + CCR1, 500)
    chip.write(TIM2 + DIER, 2)
    start = chip.bus.cycles
    chip.bus.sleep_until_irq(TIM2_IRQ)
    assert chip.bus.cycles - start == 500 * MICROSECOND
    assert chip.read(TIM2 + SR) == 2
    chip.write(TIM2 + SR, 0)
    chip.write(TIM2 + CCR1, 800)
    chip.bus.sleep_until_irq(TIM2_IRQ)
    assert chip.bus.cycles - start == 800 * MICROSECOND


def test_flags_are_there_without_interrupts_however_late_one_looks(chip: Chip) -> None:
    chip.write(TIM2 + ARR, 9)
    chip.write(TIM2 + CCR1, 5)
    for channel in range(1, 4):
        chip.write(TIM2 + CCR1 + 4 * channel, 100)
    chip.bus.advance(1_000_003 * MICROSECOND)
    assert chip.read(TIM2 + SR) == 0b11
    assert chip.read(TIM2 + CNT) == 3
    assert not chip.bus.irqs.get(TIM2_IRQ)


def test_a_long_time_without_updates_costs_no_loop(chip: Chip) -> None:
    chip.write(TIM2 + ARR, 1)
    chip.write(TIM2 + CR1, 1 | 1 << 1)
    started = time.perf_counter()
    chip.bus.advance(10**9 * MICROSECOND)
    assert chip.read(TIM2 + CNT) == 0
    assert chip.read(TIM2 + SR) & 1 == 0
    assert time.perf_counter() - started < 1


def test_sixteen_bits(chip: Chip) -> None:
    chip.write(TIM3 + CR1, 1)
    chip.bus.advance((0x10000 + 5) * 2)
    assert chip.read(TIM3 + CNT) == 5
    assert chip.read(TIM3 + SR) & 1


def test_one_pulse_stops(chip: Chip) -> None:
    chip.write(TIM2 + ARR, 9)
    chip.write(TIM2 + CR1, 1 | 1 << 3)
    chip.bus.advance(25 * MICROSECOND)
    assert chip.read(TIM2 + CR1) & 1 == 0
    assert chip.read(TIM2 + CNT) == 0


def test_a_period_of_zero_blocks(chip: Chip) -> None:
    chip.write(TIM2 + ARR, 0)
    chip.bus.advance(100 * MICROSECOND)
    assert chip.read(TIM2 + CNT) == 0


def test_follows_the_clock_tree(chip: Chip) -> None:
    chip.bus.advance(10 * MICROSECOND)
    chip.write(board.RCC_CFGR, 2 | 0b1001 << 4 | 0b100 << 13 | 0b100 << 10)  # HCLK 54 MHz
    chip.bus.advance(20 * 108)
    assert chip.read(TIM2 + CNT) == 10 + 20, "54 MHz kernel clock: 108 cycles a tick"


@pytest.mark.parametrize(
    ("register", "value"), [(CR1, 1 << 4), (SMCR, 7), (DIER, 1 << 8), (0x18, 1)]
)
def test_what_is_not_modelled_says_so(chip: Chip, register: int, value: int) -> None:
    chip.write(TIM2 + register, value)
    assert chip.bus.rules == ["not-modelled"]


def test_reset_stops_it(chip: Chip) -> None:
    chip.write(TIM2 + ARR, 9)
    chip.write(TIM2 + DIER, 1)
    chip.reset(ResetReason.PIN)
    chip.bus.advance(1_000_000)
    assert not chip.bus.irqs.get(TIM2_IRQ)
