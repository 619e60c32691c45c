"""RCC: oscillators, PLL, clock switch, peripheral clocks and resets (RM0385, chapter 5).

The registers become a `ClockTree`; whoever depends on frequencies is a `ClockListener` and is
called on both sides of every change, so that it can finish its past at the old frequency.
Oscillators take their time to become ready: firmware that does not wait is caught.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Protocol

from tflm_hil.emulator.bus import Bus, Event, ResetReason
from tflm_hil.emulator.peripherals.clock import HSI_HZ, ClockTree, Pll
from tflm_hil.emulator.peripherals.gates import ENABLE_TO_RESET, Gates
from tflm_hil.emulator.peripherals.pwr import Pwr
from tflm_hil.emulator.peripherals.registers import Device, Gate, RegisterFile, bits
from tflm_hil.emulator.wiring import EmulatedBoard

CR, PLLCFGR, CFGR, CIR = 0x00, 0x04, 0x08, 0x0C
APB1ENR, APB2ENR = 0x40, 0x44
BDCR, CSR, SSCGR, PLLI2SCFGR, PLLSAICFGR, DCKCFGR1, DCKCFGR2 = (
    0x70, 0x74, 0x80, 0x84, 0x88, 0x8C, 0x90,
)  # fmt: skip

HSION, HSIRDY, HSEON, HSERDY, HSEBYP = 1, 1 << 1, 1 << 16, 1 << 17, 1 << 18
PLLON, PLLRDY = 1 << 24, 1 << 25
RMVF = 1 << 24

_RESETS = {
    CR: 0x0000_0083,
    PLLCFGR: 0x2400_3010,
    0x30: 0x0010_0000,
    0x50: 0x7E67_91FF,
    0x54: 0x0000_00F1,
    0x58: 0x0000_0001,
    0x60: 0x36FE_C9FF,
    0x64: 0x0007_5F33,
    PLLI2SCFGR: 0x2000_3000,
    PLLSAICFGR: 0x2000_3000,
}
_WRITABLE = {
    CR: 0x150D_00F9,
    PLLCFGR: 0x0F43_7FFF,
    CFGR: 0xFFFF_FCF3,
    **dict.fromkeys((0x10, 0x14, 0x18, 0x20, 0x24), 0xFFFF_FFFF),
    **dict.fromkeys((0x30, 0x34, 0x38, 0x40, 0x44), 0xFFFF_FFFF),
    **dict.fromkeys((0x50, 0x54, 0x58, 0x60, 0x64), 0xFFFF_FFFF),
    BDCR: 0x0001_831D,
    CSR: 0x0000_0001,
    SSCGR: 0xCFFF_FFFF,
    PLLI2SCFGR: 0x7F00_7FC0,
    PLLSAICFGR: 0x7F03_7FC0,
    DCKCFGR1: 0x01FF_1F1F,
    DCKCFGR2: 0x3FFF_FFFF,
}

_RESET_FLAGS = {
    # An internal reset pulls NRST low, so the pin's flag (26) comes with each.
    ResetReason.POWER_ON: 0b000_0111 << 25,
    ResetReason.PIN: 1 << 26,
    ResetReason.SOFTWARE: 1 << 28 | 1 << 26,
    ResetReason.INDEPENDENT_WATCHDOG: 1 << 29 | 1 << 26,
    ResetReason.WINDOW_WATCHDOG: 1 << 30 | 1 << 26,
    ResetReason.LOW_POWER: 1 << 31 | 1 << 26,
}


@dataclass(frozen=True)
class Oscillator:
    """An enable bit whose ready bit follows after a start-up time."""

    register: int
    enable: int
    ready: int
    seconds: float


def _oscillators(board: EmulatedBoard) -> tuple[Oscillator, ...]:
    """Typical start-up and lock times (DS10916); an external clock only has to start an input."""
    return (
        Oscillator(CR, HSION, HSIRDY, 2.2e-6),
        Oscillator(CR, HSEON, HSERDY, 2e-3 if board.hse_is_crystal else 10e-6),
        Oscillator(CR, PLLON, PLLRDY, 100e-6),
        Oscillator(CR, 1 << 26, 1 << 27, 100e-6),
        Oscillator(CR, 1 << 28, 1 << 29, 100e-6),
        Oscillator(CSR, 1, 1 << 1, 15e-6),
        Oscillator(BDCR, 1, 1 << 1, 1.0),
    )


class ClockListener(Protocol):
    """Something whose timing follows the clock tree."""

    def before_clock_change(self) -> None:
        """The old frequencies and gates are in force up to now."""

    def after_clock_change(self) -> None:
        """The new ones are in force from now on."""


class Rcc(Device):
    """The clock controller; owns the clock tree and all `Gate`s."""

    def __init__(self, bus: Bus, gates: Gates, pwr: Pwr, board: EmulatedBoard) -> None:
        super().__init__(bus, "RCC", 0x4002_3800, 0x400)
        self.registers = RegisterFile(_RESETS, _WRITABLE)
        self.gates = gates
        self._pwr = pwr
        self._board = board
        self._oscillators = _oscillators(board)
        pwr.on_change = self.check
        self._devices: list[Device] = []
        self._listeners: list[ClockListener] = []
        self._starting: dict[Oscillator, Event] = {}
        self._reset_reason = ResetReason.POWER_ON
        self.registers[CSR] = 0
        self.tree = self._decode()

    @property
    def core_clock_hz(self) -> int:
        """HCLK, rounded to hertz."""
        return round(self.tree.hclk_hz)

    def attach(self, device: Device) -> None:
        """Let the device's bit in RCC_xxxRSTR reset it."""
        self._devices.append(device)

    def listen(self, listener: ClockListener) -> None:
        """Call `listener` around each change of frequencies or gates."""
        self._listeners.append(listener)

    def note_reset(self, reason: ResetReason) -> None:
        """`ResetObserver`: the reason becomes a flag of RCC_CSR."""
        self._reset_reason = reason

    def reset(self) -> None:
        power_on = self._reset_reason is ResetReason.POWER_ON
        flags = 0 if power_on else self.registers[CSR] & 0xFE00_0000
        backup = 0 if power_on else self.registers[BDCR]
        for oscillator in [o for o in self._starting if power_on or o.register != BDCR]:
            self._starting.pop(oscillator).cancel()
        with self._changing():
            self.registers.reset()
            self.registers[CSR] = flags | _RESET_FLAGS[self._reset_reason]
            self.registers[BDCR] = backup
            for offset in self.gates.enable_registers:
                self.gates.enabled(offset, self.registers[offset])
                self.gates.resets(offset - ENABLE_TO_RESET, 0)
            self._pwr.pll_on = False
        self.bus.core_clock_changed(self.core_clock_hz)

    def load(self, offset: int) -> int:
        return self.registers[offset]

    def store(self, offset: int, value: int, mask: int) -> None:
        if offset in self.gates.enable_registers:
            if self.registers.merge(offset, value, mask) == self.registers[offset]:
                return
            with self._changing():
                self.registers.store(offset, value, mask)
                self.gates.enabled(offset, self.registers[offset])
        elif offset + ENABLE_TO_RESET in self.gates.enable_registers:
            self.registers.store(offset, value, mask)
            for gate in self.gates.resets(offset, self.registers[offset]):
                self._reset_behind(gate)
        elif offset == CR:
            self._store_control(value, mask)
        elif offset == PLLCFGR:
            self._store_pll(value, mask)
        elif offset in (CFGR, DCKCFGR1, DCKCFGR2):
            with self._changing():
                self.registers.store(offset, value, mask)
                self._switch()
            self.check()
        elif offset == CSR:
            if value & mask & RMVF:
                self.registers[CSR] &= 0x01FF_FFFF
            self._store_oscillators(CSR, self.registers.merge(CSR, value, mask))
        elif offset == BDCR:
            self._store_backup(value, mask)
        elif offset == CIR:
            if value & mask & 0x0000_7F00:
                self.not_modelled("an oscillator-ready interrupt (RCC_CIR)")
        else:
            self.registers.store(offset, value, mask)

    def check(self) -> None:
        """Report what the present clock tree breaks."""
        findings = self.tree.findings(
            wait_states=self.bus.flash_wait_states,
            over_drive=self._pwr.over_drive,
            voltage_scale=self._pwr.voltage_scale,
        )
        for finding in findings:
            self.bus.finding(finding.rule, finding.sentence)

    def _store_control(self, value: int, mask: int) -> None:
        new = self.registers.merge(CR, value, mask)
        source = bits(self.registers[CFGR], 2, 2)
        # The chip keeps an oscillator running that feeds the system clock.
        in_use = (HSION, HSEON, PLLON)[source]
        if source == 2:
            in_use |= HSEON if self.registers[PLLCFGR] & 1 << 22 else HSION
        new |= in_use & self.registers[CR]
        began = new & ~self.registers[CR]
        if began & HSEON:
            self._hse_starts(bypassed=bool(new & HSEBYP))
        if began & PLLON:
            self._pll_starts(new)
        self._store_oscillators(CR, new)
        self._pwr.pll_on = bool(new & PLLON)
        with self._changing():
            self._switch()

    def _hse_starts(self, *, bypassed: bool) -> None:
        board, mhz = self._board, f"{self._board.hse_hz / 1e6:g} MHz"
        if board.hse_is_crystal and bypassed:
            self.bus.finding(
                "hse-crystal",
                f"HSE was started with its oscillator bypassed, but the {board.product} has a "
                f"crystal of {mhz} and no clock that comes in: HSERDY never comes. Clear "
                "RCC_CR.HSEBYP before HSEON.",
            )
        elif not board.hse_is_crystal and not bypassed:
            self.bus.finding(
                "hse-bypass",
                f"HSE was started as a crystal oscillator, but the {board.product} feeds it with "
                f"a clock of {mhz}. Set RCC_CR.HSEBYP before HSEON.",
            )

    def _pll_starts(self, control: int) -> None:
        pll_on_hse = bool(self.registers[PLLCFGR] & 1 << 22)
        if not control & (HSERDY if pll_on_hse else HSIRDY):
            self.bus.finding(
                "pll-source",
                f"The PLL was switched on before {'HSE' if pll_on_hse else 'HSI'} was ready; wait "
                "for its ready bit in RCC_CR.",
            )
        for finding in self._pll().findings():
            self.bus.finding(finding.rule, finding.sentence)

    def _store_pll(self, value: int, mask: int) -> None:
        if self.registers[CR] & PLLON:
            self.bus.finding(
                "pll-config",
                "RCC_PLLCFGR was written while the PLL is on; the chip ignores it. Clear "
                "RCC_CR.PLLON and wait for PLLRDY=0 first.",
            )
            return
        self.registers.store(PLLCFGR, value, mask)

    def _store_backup(self, value: int, mask: int) -> None:
        if not self._pwr.backup_unlocked:
            self.bus.finding(
                "backup-locked",
                "RCC_BDCR was written while the backup domain is locked; the write is lost. Set "
                "PWR_CR1.DBP first.",
            )
            return
        self._store_oscillators(BDCR, self.registers.merge(BDCR, value, mask))

    def _store_oscillators(self, register: int, new: int) -> None:
        """Write a register with oscillator bits, starting and stopping what they say."""
        old = self.registers[register]
        self.registers[register] = new
        for oscillator in self._oscillators:
            if oscillator.register != register:
                continue
            if new & ~old & oscillator.enable and not self._never_swings(oscillator, new):
                wait = max(1, round(oscillator.seconds * self.core_clock_hz))
                self._starting[oscillator] = self.bus.schedule(
                    self.bus.cycles + wait, partial(self._ready, oscillator)
                )
            elif old & ~new & oscillator.enable:
                if oscillator in self._starting:
                    self._starting.pop(oscillator).cancel()
                self.registers[register] &= ~oscillator.ready

    def _never_swings(self, oscillator: Oscillator, control: int) -> bool:
        """A bypassed oscillator waits for a clock, which a crystal alone does not make."""
        return oscillator.enable == HSEON and self._board.hse_is_crystal and bool(control & HSEBYP)

    def _ready(self, oscillator: Oscillator) -> None:
        self._starting.pop(oscillator, None)
        self.registers[oscillator.register] |= oscillator.ready
        with self._changing():
            self._switch()
        self.check()

    def _switch(self) -> None:
        """SWS follows SW as soon as the wanted source is ready."""
        wanted = bits(self.registers[CFGR], 0, 2)
        if wanted < 3 and self.registers[CR] & (HSIRDY, HSERDY, PLLRDY)[wanted]:
            self.registers[CFGR] = self.registers[CFGR] & ~0xC | wanted << 2

    def _decode(self) -> ClockTree:
        source = bits(self.registers[CFGR], 2, 2)
        return ClockTree.decode(
            (Fraction(HSI_HZ), Fraction(self._board.hse_hz), self._pll().output_hz)[source],
            self.registers[CFGR],
            self.registers[DCKCFGR1],
            self.registers[DCKCFGR2],
        )

    def _pll(self) -> Pll:
        return Pll.decode(self.registers[PLLCFGR], self._board.hse_hz)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Around anything that may change frequencies or gates."""
        for listener in self._listeners:
            listener.before_clock_change()
        yield
        tree = self._decode()
        if tree.hclk_hz != self.tree.hclk_hz:
            self.bus.core_clock_changed(round(tree.hclk_hz))
        self.tree = tree
        self._pwr.hclk_hz = self.core_clock_hz
        for listener in self._listeners:
            listener.after_clock_change()

    def _reset_behind(self, gate: Gate) -> None:
        for device in self._devices:
            if device.gate is gate:
                device.reset()
