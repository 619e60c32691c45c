"""RCC: oscillators, PLL, clock switch, peripheral clocks and resets (RM0385, chapter 5).

The registers become a `ClockTree`; whoever depends on frequencies is a `ClockListener` and is
called on both sides of every change, so that it can finish its past at the old frequency.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Protocol

from tflm_hil.emulator.bus import Bus, ResetReason
from tflm_hil.emulator.peripherals.clock import HSI_HZ, ClockTree, Pll
from tflm_hil.emulator.peripherals.gates import ENABLE_TO_RESET, Gates
from tflm_hil.emulator.peripherals.oscillators import (
    BDCR,
    CR,
    CSR,
    HSEON,
    HSERDY,
    HSION,
    HSIRDY,
    PLLON,
    PLLRDY,
    Oscillators,
)
from tflm_hil.emulator.peripherals.pwr import Pwr
from tflm_hil.emulator.peripherals.registers import Device, Gate, RegisterFile, bits
from tflm_hil.emulator.wiring import EmulatedBoard

PLLCFGR, CFGR, CIR = 0x04, 0x08, 0x0C
APB1ENR, APB2ENR = 0x40, 0x44
SSCGR, PLLI2SCFGR, PLLSAICFGR, DCKCFGR1, DCKCFGR2 = 0x80, 0x84, 0x88, 0x8C, 0x90

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
        self._oscillators = Oscillators(bus, self.registers, board, self._oscillator_ready)
        pwr.connect(self.check)
        self._devices: list[Device] = []
        self._listeners: list[ClockListener] = []
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
        """`Device.reset`: HSI again, gates shut; CSR's flags and BDCR outlast all but power-on."""
        power_on = self._reset_reason is ResetReason.POWER_ON
        flags = 0 if power_on else self.registers[CSR] & 0xFE00_0000
        backup = 0 if power_on else self.registers[BDCR]
        self._oscillators.reset(power_on=power_on)
        with self._changing():
            self.registers.reset()
            self.registers[CSR] = flags | _RESET_FLAGS[self._reset_reason]
            self.registers[BDCR] = backup
            for offset in self.gates.enable_registers:
                self.gates.enabled(offset, self.registers[offset])
                self.gates.resets(offset - ENABLE_TO_RESET, 0)
        self.bus.core_clock_changed(self.core_clock_hz)

    def load(self, offset: int) -> int:
        """As stored: the oscillators keep their ready bits up to date."""
        return self.registers[offset]

    def store(self, offset: int, value: int, mask: int) -> None:
        """Switch clocks, gates or resets; what silicon would not survive is a finding."""
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
            self._oscillators.store(CSR, self.registers.merge(CSR, value, mask), self.core_clock_hz)
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
        if began & PLLON:
            self._pll_starts(new)
        self._oscillators.store(CR, new, self.core_clock_hz)
        with self._changing():
            self._switch()

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
        self._oscillators.store(BDCR, self.registers.merge(BDCR, value, mask), self.core_clock_hz)

    def _oscillator_ready(self) -> None:
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
        self._pwr.clocks_changed(
            hclk_hz=self.core_clock_hz, pll_on=bool(self.registers[CR] & PLLON)
        )
        for listener in self._listeners:
            listener.after_clock_change()

    def _reset_behind(self, gate: Gate) -> None:
        for device in self._devices:
            if device.gate is gate:
                device.reset()
