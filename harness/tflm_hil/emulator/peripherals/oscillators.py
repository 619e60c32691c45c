"""The chip's oscillators and PLLs: an enable bit, a time to start, a ready bit (RM0385, 5.2).

Firmware that does not wait for the ready bit is caught by what it does next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tflm_hil.emulator.bus import Bus, Event
from tflm_hil.emulator.peripherals.registers import RegisterFile
from tflm_hil.emulator.wiring import EmulatedBoard

CR, BDCR, CSR = 0x00, 0x70, 0x74
HSION, HSIRDY, HSEON, HSERDY, HSEBYP = 1, 1 << 1, 1 << 16, 1 << 17, 1 << 18
PLLON, PLLRDY = 1 << 24, 1 << 25


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


class Oscillators:
    """Starts and stops what the registers say, and calls `became_ready` after each ready bit."""

    def __init__(
        self,
        bus: Bus,
        registers: RegisterFile,
        board: EmulatedBoard,
        became_ready: Callable[[], None],
    ) -> None:
        self._bus = bus
        self._registers = registers
        self._board = board
        self._became_ready = became_ready
        self._all = _oscillators(board)
        self._starting: dict[Oscillator, Event] = {}

    def reset(self, *, power_on: bool) -> None:
        """Nothing starts any more; the backup domain goes on unless the power was off."""
        for oscillator in [o for o in self._starting if power_on or o.register != BDCR]:
            self._starting.pop(oscillator).cancel()

    def store(self, register: int, new: int, core_hz: int) -> None:
        """Write a register with oscillator bits, starting and stopping what they say."""
        old = self._registers[register]
        if register == CR and new & ~old & HSEON:
            self._judge_hse(bypassed=bool(new & HSEBYP))
        self._registers[register] = new
        for oscillator in self._all:
            if oscillator.register != register:
                continue
            if new & ~old & oscillator.enable and not self._never_swings(oscillator, new):
                wait = max(1, round(oscillator.seconds * core_hz))
                self._starting[oscillator] = self._bus.schedule(
                    self._bus.cycles + wait, partial(self._ready, oscillator)
                )
            elif old & ~new & oscillator.enable:
                if oscillator in self._starting:
                    self._starting.pop(oscillator).cancel()
                self._registers[register] &= ~oscillator.ready

    def _ready(self, oscillator: Oscillator) -> None:
        self._starting.pop(oscillator, None)
        self._registers[oscillator.register] |= oscillator.ready
        self._became_ready()

    def _never_swings(self, oscillator: Oscillator, control: int) -> bool:
        """A bypassed oscillator waits for a clock, which a crystal alone does not make."""
        bypassed = oscillator.enable == HSEON and bool(control & HSEBYP)
        return bypassed and oscillator.register == CR and self._board.hse_is_crystal

    def _judge_hse(self, *, bypassed: bool) -> None:
        board, mhz = self._board, f"{self._board.hse_hz / 1e6:g} MHz"
        if board.hse_is_crystal and bypassed:
            self._bus.finding(
                "hse-crystal",
                f"HSE was started with its oscillator bypassed, but the {board.product} has a "
                f"crystal of {mhz} and no clock that comes in: HSERDY never comes. Clear "
                "RCC_CR.HSEBYP before HSEON.",
            )
        elif not board.hse_is_crystal and not bypassed:
            self._bus.finding(
                "hse-bypass",
                f"HSE was started as a crystal oscillator, but the {board.product} feeds it with "
                f"a clock of {mhz}. Set RCC_CR.HSEBYP before HSEON.",
            )
