"""The clock tree of the STM32F746 as arithmetic: register values in, frequencies and faults out.

Everything is exact (`Fraction` hertz), because UART timing is derived from it. Sources: RM0385
chapter 5 (RCC), section 3.3.2 (flash wait states), section 4.1.4 (voltage scaling, over-drive);
DS10916 table "general operating conditions" for the bus limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from tflm_hil.emulator.peripherals.registers import bits
from tflm_hil.emulator.peripherals.usart_table import USARTS

HSI_HZ = 16_000_000
LSI_HZ = 32_000
LSE_HZ = 32_768

AHB_DIVIDERS = (2, 4, 8, 16, 64, 128, 256, 512)
APB_DIVIDERS = (2, 4, 8, 16)


@dataclass(frozen=True)
class Finding:
    """A rule of the chip that a setting breaks: see `Bus.finding`."""

    rule: str
    sentence: str


@dataclass(frozen=True)
class Pll:
    """The main PLL's dividers, as written in RCC_PLLCFGR."""

    source_hz: int
    m: int
    n: int
    p: int
    q: int

    @classmethod
    def decode(cls, pllcfgr: int, hse_hz: int) -> Pll:
        """From the register; PLLSRC chooses HSE or HSI."""
        return cls(
            source_hz=hse_hz if pllcfgr & 1 << 22 else HSI_HZ,
            m=bits(pllcfgr, 0, 6),
            n=bits(pllcfgr, 6, 9),
            p=2 * bits(pllcfgr, 16, 2) + 2,
            q=bits(pllcfgr, 24, 4),
        )

    @property
    def input_hz(self) -> Fraction:
        """What the phase detector compares."""
        return Fraction(self.source_hz, max(self.m, 1))

    @property
    def vco_hz(self) -> Fraction:
        """The oscillator's frequency; never 0, so that time goes on after a forbidden N."""
        return self.input_hz * max(self.n, 1)

    @property
    def output_hz(self) -> Fraction:
        """The system clock that it gives."""
        return self.vco_hz / self.p

    def findings(self) -> list[Finding]:
        """What the data sheet forbids (DS10916, main PLL characteristics)."""
        broken = []
        if not 2 <= self.m <= 63 or not 50 <= self.n <= 432 or not 2 <= self.q <= 15:
            broken.append(
                f"the PLL divider M={self.m}, N={self.n} or Q={self.q} is outside of its range "
                "(M 2..63, N 50..432, Q 2..15)"
            )
        if not 950_000 <= self.input_hz <= 2_100_000:
            broken.append(
                f"the PLL input is {_mhz(self.input_hz)}; it must be 0.95 to 2.1 MHz: change M"
            )
        if not 100_000_000 <= self.vco_hz <= 432_000_000:
            broken.append(
                f"the PLL's VCO would run at {_mhz(self.vco_hz)}; it must be 100 to 432 MHz: "
                "change N"
            )
        if self.output_hz > 216_000_000:
            broken.append(f"the PLL gives {_mhz(self.output_hz)}; 216 MHz is the limit: change P")
        return [Finding("pll-range", f"{sentence}.") for sentence in broken]


@dataclass(frozen=True)
class ClockTree:
    """All frequencies that follow from one state of the RCC registers."""

    sysclk_hz: Fraction
    hclk_hz: Fraction
    pclk1_hz: Fraction
    pclk2_hz: Fraction
    timer1_hz: Fraction
    """Kernel clock of the timers on APB1."""
    timer2_hz: Fraction
    dckcfgr2: int

    @classmethod
    def decode(cls, sysclk_hz: Fraction, cfgr: int, dckcfgr1: int, dckcfgr2: int) -> ClockTree:
        """From the source that SWS shows, and the registers that divide it."""
        ahb = bits(cfgr, 4, 4)
        hclk = sysclk_hz / (AHB_DIVIDERS[ahb - 8] if ahb >= 8 else 1)
        apb = [bits(cfgr, low, 3) for low in (10, 13)]
        dividers = [APB_DIVIDERS[field - 4] if field >= 4 else 1 for field in apb]
        fast_timers = bool(dckcfgr1 & 1 << 24)
        timers = [_timer_clock(hclk, divider, fast_timers) for divider in dividers]
        return cls(
            sysclk_hz=sysclk_hz,
            hclk_hz=hclk,
            pclk1_hz=hclk / dividers[0],
            pclk2_hz=hclk / dividers[1],
            timer1_hz=timers[0],
            timer2_hz=timers[1],
            dckcfgr2=dckcfgr2,
        )

    def usart_hz(self, name: str) -> Fraction:
        """The kernel clock of a USART, chosen in RCC_DCKCFGR2."""
        row = USARTS[name]
        choice = bits(self.dckcfgr2, row.clock_select_bit, 2)
        bus_clock = self.pclk2_hz if row.apb == 2 else self.pclk1_hz
        return (bus_clock, self.sysclk_hz, Fraction(HSI_HZ), Fraction(LSE_HZ))[choice]

    def findings(self, *, wait_states: int, over_drive: bool, voltage_scale: int) -> list[Finding]:
        """What this tree breaks at 3.3 V, with the regulator and flash set as given."""
        broken = []
        needed = required_wait_states(self.hclk_hz)
        if wait_states < needed:
            broken.append(
                Finding(
                    "flash-wait-states",
                    f"HCLK is {_mhz(self.hclk_hz)} with {wait_states} flash wait states; at 3.3 V "
                    f"it needs {needed} (one per 30 MHz). Raise FLASH_ACR.LATENCY before the "
                    "clock.",
                )
            )
        if self.hclk_hz > 180_000_000 and not over_drive:
            broken.append(
                Finding(
                    "over-drive",
                    f"HCLK is {_mhz(self.hclk_hz)} without over-drive; above 180 MHz set "
                    "PWR_CR1.ODEN, wait for ODRDY, set ODSWEN, wait for ODSWRDY.",
                )
            )
        limit = _scale_limit(voltage_scale, over_drive)
        if self.hclk_hz > limit:
            broken.append(
                Finding(
                    "voltage-scale",
                    f"HCLK is {_mhz(self.hclk_hz)}, but voltage scale {voltage_scale} carries "
                    f"{_mhz(limit)}. Set PWR_CR1.VOS to scale 1 before the PLL is switched on.",
                )
            )
        apb1_limit, apb2_limit = (54, 108) if over_drive else (45, 90)
        for name, hz, limit_mhz in (
            ("APB1", self.pclk1_hz, apb1_limit),
            ("APB2", self.pclk2_hz, apb2_limit),
        ):
            if hz > limit_mhz * 1_000_000:
                broken.append(
                    Finding(
                        "apb-clock",
                        f"{name} runs at {_mhz(hz)}; its limit is {limit_mhz} MHz. Raise its "
                        "prescaler in RCC_CFGR before the clock.",
                    )
                )
        return broken


def required_wait_states(hclk_hz: Fraction) -> int:
    """Flash wait states at 2.7 to 3.6 V: one per 30 MHz (RM0385, table 5)."""
    return max(0, ceil(hclk_hz / 30_000_000) - 1)


def _scale_limit(voltage_scale: int, over_drive: bool) -> Fraction:
    normal, driven = {1: (180, 216), 2: (168, 180), 3: (144, 144)}[voltage_scale]
    return Fraction((driven if over_drive else normal) * 1_000_000)


def _timer_clock(hclk: Fraction, divider: int, fast: bool) -> Fraction:
    """RM0385, 5.2: timers run at HCLK or at a small multiple of their bus (TIMPRE)."""
    multiple = 4 if fast else 2
    return hclk if divider <= multiple else hclk / divider * multiple


def _mhz(hz: Fraction) -> str:
    return f"{float(hz) / 1e6:.6g} MHz"
