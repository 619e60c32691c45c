"""Halting debug: DHCSR, DCRSR, DCRDR, DEMCR, DFSR. Source: DDI 0403E, C1.6.

Only power-on resets these; C_HALT alone is cleared by a system reset.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from tflm_hil.emulator.cortex_m7.registers import Registers

DFSR, DHCSR, DCRSR, DCRDR, DEMCR = 0xE000ED30, 0xE000EDF0, 0xE000EDF4, 0xE000EDF8, 0xE000EDFC
C_DEBUGEN, C_HALT, C_STEP, C_MASKINTS = 1, 2, 4, 8
_DHCSR_WRITABLE = 0x2F
_DHCSR_KEY = 0xA05F
VC_CORERESET, VC_MMERR, VC_NOCPERR, VC_CHKERR, VC_STATERR, VC_BUSERR, VC_INTERR, VC_HARDERR = (
    1 << 0,
    1 << 4,
    1 << 5,
    1 << 6,
    1 << 7,
    1 << 8,
    1 << 9,
    1 << 10,
)
MON_EN, TRCENA = 1 << 16, 1 << 24
DFSR_HALTED, DFSR_BKPT, DFSR_DWTTRAP, DFSR_VCATCH = 1, 2, 4, 8


class Debug:
    """The debug state of the core: halted or running, and who hears of it."""

    def __init__(
        self,
        registers: Registers,
        cycles: Callable[[], int],
        set_trace_enabled: Callable[[bool], None],
        entered: Callable[[], None],
        resumed: Callable[[], None],
    ) -> None:
        """`entered` and `resumed` are called when the core enters and leaves debug state."""
        self._registers = registers
        self._cycles = cycles
        self._set_trace_enabled = set_trace_enabled
        self._entered = entered
        self._resumed = resumed
        self.halt_event = threading.Event()
        self.halted = False
        self.sleeping = False  # mirrors of the core's state, for DHCSR
        self.locked_up = False
        self.step_wanted = False
        self._control = 0
        self._demcr = 0
        self._dfsr = 0
        self._transfer = 0
        self._transfer_ready = True
        self._was_reset = True
        self._retired_at = 0

    # --- what the core asks and tells -------------------------------------------------------

    @property
    def enabled(self) -> bool:
        """C_DEBUGEN: debug events halt the core."""
        return bool(self._control & C_DEBUGEN)

    @property
    def interrupts_masked(self) -> bool:
        """C_MASKINTS."""
        return bool(self._control & C_MASKINTS)

    @property
    def monitor_enabled(self) -> bool:
        """DEMCR.MON_EN: without halting debug, events go to the DebugMonitor exception."""
        return bool(self._demcr & MON_EN)

    def catches(self, vector: int) -> bool:
        """True if a vector catch bit of DEMCR is set and halting debug is on."""
        return self.enabled and bool(self._demcr & vector)

    def halt(self, why: int) -> None:
        """Enter debug state; `why` is the DFSR bit."""
        self._dfsr |= why
        self._control |= C_HALT
        self.halted = True
        self.sleeping = self.locked_up = False
        self.step_wanted = False
        self._entered()
        self.halt_event.set()

    def system_reset(self) -> None:
        """C_HALT clears, S_RESET_ST is set."""
        self._control &= ~(C_HALT | C_STEP)
        self.halted = self.sleeping = self.locked_up = self.step_wanted = False
        self._was_reset = True
        self._transfer_ready = True

    # --- registers --------------------------------------------------------------------------

    def status(self, debugger: bool) -> int:
        """DHCSR. Its sticky bits clear when a debugger reads them."""
        retired = self._cycles() != self._retired_at
        value = (
            self._control
            | int(self._transfer_ready) << 16
            | int(self.halted) << 17
            | int(self.sleeping) << 18
            | int(self.locked_up) << 19
            | int(retired) << 24
            | int(self._was_reset) << 25
        )
        if debugger:
            self._retired_at = self._cycles()
            self._was_reset = False
        return value

    def read(self, address: int, debugger: bool) -> int:
        """A word."""
        match address:
            case 0xE000ED30:
                return self._dfsr
            case 0xE000EDF0:
                return self.status(debugger)
            case 0xE000EDF8:
                return self._transfer
            case 0xE000EDFC:
                return self._demcr
            case _:
                return 0

    def write(self, address: int, value: int, debugger: bool) -> None:
        """A word. The core itself may not write DHCSR."""
        match address:
            case 0xE000ED30:
                self._dfsr &= ~value
            case 0xE000EDF0:
                if debugger and value >> 16 == _DHCSR_KEY:
                    self._write_dhcsr(value & _DHCSR_WRITABLE)
            case 0xE000EDF4:
                self._transfer_register(value)
            case 0xE000EDF8:
                self._transfer = value
            case 0xE000EDFC:
                self._demcr = value
                self._set_trace_enabled(bool(value & TRCENA))

    def _write_dhcsr(self, value: int) -> None:
        self._control = value
        if not value & C_DEBUGEN:
            self._control = 0
            self._resume(step=False)
        elif value & C_HALT:
            if not self.halted:
                self.halt(DFSR_HALTED)
        else:
            self._resume(step=bool(value & C_STEP))

    def _resume(self, *, step: bool) -> None:
        if self.halted:
            self.halted = False
            self.step_wanted = step
            self.halt_event.clear()
            self._resumed()

    def _transfer_register(self, selector: int) -> None:
        self._transfer_ready = self.halted
        if not self.halted:
            return
        number = selector & 0x7F
        if selector & 1 << 16:
            self._registers.write_selected(number, self._transfer)
        else:
            self._transfer = self._registers.read_selected(number)
