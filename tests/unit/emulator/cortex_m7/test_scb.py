"""System control registers whose effects need no running core."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from tflm_hil.emulator.cortex_m7.nvic import NMI, PENDSV, SYSTICK, Nvic
from tflm_hil.emulator.cortex_m7.scb import (
    CCR,
    CCSIDR,
    CFSR,
    CPACR,
    CSSELR,
    DCISW,
    ICIALLU,
    ICSR,
    Scb,
)

AIRCR, SCR, SHPR1 = 0xE000ED0C, 0xE000ED10, 0xE000ED18


@dataclass
class Around:
    nvic: Nvic = field(default_factory=lambda: Nvic(lambda: None))
    fpu: list[bool] = field(default_factory=list)
    divisions: list[bool] = field(default_factory=list)
    resets: int = 0
    rules: list[str] = field(default_factory=list)

    def scb(self) -> Scb:
        return Scb(
            self.nvic,
            lambda: 0,
            self.fpu.append,
            self.divisions.append,
            self._reset,
            self._finding,
        )

    def _reset(self) -> None:
        self.resets += 1

    def _finding(self, rule: str, sentence: str) -> None:
        assert sentence
        self.rules.append(rule)


def test_icsr_pends_and_shows() -> None:
    around = Around()
    scb = around.scb()
    scb.write(ICSR, 1 << 28 | 1 << 26, debugger=False)
    value = scb.read(ICSR, debugger=False)
    assert value >> 28 & 1
    assert value >> 26 & 1
    assert value >> 12 & 0x1FF == PENDSV  # equal priorities: the lower number
    scb.write(ICSR, 1 << 27, debugger=False)
    assert around.nvic.most_urgent() == SYSTICK
    scb.write(ICSR, 1 << 31, debugger=False)
    assert around.nvic.most_urgent() == NMI


def test_reset_request_needs_the_key() -> None:
    around = Around()
    scb = around.scb()
    scb.write(AIRCR, 4, debugger=False)
    assert around.resets == 0
    scb.write(AIRCR, 0x05FA0304, debugger=False)
    assert around.resets == 1
    assert scb.read(AIRCR, debugger=False) == 0xFA050300


def test_fault_status_is_write_one_to_clear() -> None:
    scb = Around().scb()
    scb.cfsr = 0x8200
    scb.write(CFSR, 0x0200, debugger=False)
    assert scb.read(CFSR, debugger=False) == 0x8000


def test_coprocessor_access_switches_the_fpu() -> None:
    around = Around()
    scb = around.scb()
    for value in (0xF << 20, 0x3 << 20, 0x5 << 20, 0):
        scb.write(CPACR, value, debugger=False)
    assert around.fpu == [False, True, False, True, False]


def test_cache_geometry_is_that_of_the_f746() -> None:
    scb = Around().scb()
    for selected, ways, sets in ((0, 4, 32), (1, 2, 64)):
        scb.write(CSSELR, selected, debugger=False)
        geometry = scb.read(CCSIDR, debugger=False)
        assert ((geometry >> 3 & 0x3FF) + 1, (geometry >> 13 & 0x7FFF) + 1) == (ways, sets)


@pytest.mark.parametrize(("bit", "maintain"), [(1 << 16, DCISW), (1 << 17, ICIALLU)])
def test_a_cache_is_invalidated_before_it_is_turned_on(bit: int, maintain: int) -> None:
    around = Around()
    scb = around.scb()
    scb.write(CCR, bit, debugger=False)
    assert around.rules == ["cache-not-invalidated"]
    scb.reset()
    scb.write(maintain, 0, debugger=False)
    scb.write(CCR, bit, debugger=False)
    assert len(around.rules) == 1
    assert scb.read(CCR, debugger=False) & bit
    assert scb.dcache_enabled == (bit == 1 << 16)


def test_deep_sleep_is_found() -> None:
    around = Around()
    around.scb().write(SCR, 4, debugger=False)
    assert around.rules == ["deep-sleep"]


def test_system_handler_priorities_have_four_bits() -> None:
    around = Around()
    scb = around.scb()
    scb.write(SHPR1, 0x00FF8F47, debugger=False)
    assert scb.read(SHPR1, debugger=False) == 0x00F08040
    assert around.nvic.priority(5) == 0x80


def test_division_by_zero_is_trapped_from_its_bit_on_until_reset() -> None:
    around = Around()
    scb = around.scb()
    scb.write(CCR, 1 << 4, debugger=False)
    scb.write(CCR, 0, debugger=False)
    scb.write(CCR, 1 << 4, debugger=False)
    scb.reset()
    assert around.divisions == [False, True, False, True, False]
