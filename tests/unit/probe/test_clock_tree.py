"""Registers to factors; the values are those of the firmware's own clock tree, and of a reset."""

import pytest
from tflm_hil.probe.clock_tree import PWR, RCC, ClockTree, read_clock_tree

# RM0385: HSEBYP, HSEON and PLLON with their ready bits; M 8, N 432, P 2, Q 9 from HSE; SWS = PLL,
# APB1 /4, APB2 /2; PWREN; ODSWRDY
RUNNING = {
    RCC + 0x00: 0x0307_0083,
    RCC + 0x04: 9 << 24 | 1 << 22 | 0 << 16 | 432 << 6 | 8,
    RCC + 0x08: 0b100 << 13 | 0b101 << 10 | 0b10 << 2 | 0b10,
    RCC + 0x40: 1 << 28,
    PWR + 0x04: 1 << 17 | 1 << 16,
}
RESET = {
    RCC + 0x00: 0x0000_0083,
    RCC + 0x04: 0x2400_3010,
    RCC + 0x08: 0,
    RCC + 0x40: 0,
}


def test_tree_of_the_firmware() -> None:
    assert read_clock_tree(RUNNING.__getitem__) == ClockTree(
        "PLL", True, "HSE", 8, 432, 2, 9, 1, 4, 2, True
    )


def test_after_reset_the_internal_oscillator_runs_undivided() -> None:
    """The reset value of PLLCFGR names factors that nothing uses; PWR has no clock."""
    assert read_clock_tree(RESET.__getitem__) == ClockTree("HSI", False)


@pytest.mark.parametrize(
    ("hpre", "divider"), [(0, 1), (7, 1), (8, 2), (11, 16), (12, 64), (15, 512)]
)
def test_bus_divider(hpre: int, divider: int) -> None:
    tree = read_clock_tree((RUNNING | {RCC + 0x08: hpre << 4 | 0b10 << 2}).__getitem__)
    assert tree.ahb_divider == divider
    assert tree.apb1_divider == 1


@pytest.mark.parametrize(("bits", "p"), [(0, 2), (1, 4), (2, 6), (3, 8)])
def test_divider_of_the_pll(bits: int, p: int) -> None:
    word = RUNNING[RCC + 0x04] | bits << 16
    assert read_clock_tree((RUNNING | {RCC + 0x04: word}).__getitem__).pll_p == p
