"""The clock tree of an STM32F7, read out of its registers while it runs (RM0385, 5.3 and 4.4).

What the firmware says of its clock is what it meant to set; this is what the chip has. The
registers hold factors only: no register knows the frequency of the oscillator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

RCC = 0x4002_3800
PWR = 0x4000_7000

_CR, _PLLCFGR, _CFGR, _APB1ENR = RCC + 0x00, RCC + 0x04, RCC + 0x08, RCC + 0x40
_CSR1 = PWR + 0x04

_SOURCES = {0: "HSI", 1: "HSE", 2: "PLL"}
_AHB = (2, 4, 8, 16, 64, 128, 256, 512)  # HPRE 0b1000 and up; below the clock is not divided
_APB = (2, 4, 8, 16)  # PPRE 0b100 and up

ReadWord = Callable[[int], int]


@dataclass(frozen=True)
class ClockTree:
    """`source` drives SYSCLK: "HSI", "HSE" or "PLL". The factors are those of the main PLL, 0 and
    its source empty where it does not drive SYSCLK.
    """

    source: str
    hse_bypass: bool
    pll_source: str = ""
    pll_m: int = 0
    pll_n: int = 0
    pll_p: int = 0
    pll_q: int = 0
    ahb_divider: int = 1
    apb1_divider: int = 1
    apb2_divider: int = 1
    over_drive: bool = False


def read_clock_tree(read: ReadWord) -> ClockTree:
    """The tree as `read(address)` finds it, a word each."""
    cfgr, pllcfgr = read(_CFGR), read(_PLLCFGR)
    source = _SOURCES.get(cfgr >> 2 & 0b11, "")
    hpre, ppre1, ppre2 = cfgr >> 4 & 0b1111, cfgr >> 10 & 0b111, cfgr >> 13 & 0b111
    from_pll = source == "PLL"
    # Registers of PWR mean nothing while its clock is off.
    powered = read(_APB1ENR) >> 28 & 1
    return ClockTree(
        source=source,
        hse_bypass=bool(read(_CR) >> 18 & 1),
        pll_source=("HSE" if pllcfgr >> 22 & 1 else "HSI") if from_pll else "",
        pll_m=pllcfgr & 0b11_1111 if from_pll else 0,
        pll_n=pllcfgr >> 6 & 0b1_1111_1111 if from_pll else 0,
        pll_p=2 * (pllcfgr >> 16 & 0b11) + 2 if from_pll else 0,
        pll_q=pllcfgr >> 24 & 0b1111 if from_pll else 0,
        ahb_divider=_AHB[hpre - 8] if hpre >= 8 else 1,
        apb1_divider=_APB[ppre1 - 4] if ppre1 >= 4 else 1,
        apb2_divider=_APB[ppre2 - 4] if ppre2 >= 4 else 1,
        over_drive=bool(powered and read(_CSR1) >> 17 & 1),
    )
