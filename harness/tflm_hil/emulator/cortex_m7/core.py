"""The processor: Unicorn and everything of a Cortex-M7 that Unicorn has not got, wired up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from tflm_hil.emulator.bus import Event, ResetReason
from tflm_hil.emulator.cortex_m7.cpu import Cpu
from tflm_hil.emulator.cortex_m7.debug import DEMCR, DFSR, DFSR_VCATCH, DHCSR, VC_CORERESET, Debug
from tflm_hil.emulator.cortex_m7.dwt import Dwt
from tflm_hil.emulator.cortex_m7.exceptions import Exceptions
from tflm_hil.emulator.cortex_m7.fpb import Fpb
from tflm_hil.emulator.cortex_m7.memory_protection import MemoryProtection
from tflm_hil.emulator.cortex_m7.mpu_registers import MpuRegisters
from tflm_hil.emulator.cortex_m7.nvic import HARD_FAULT, NMI, Nvic
from tflm_hil.emulator.cortex_m7.ppb import Dbgmcu, Ppb
from tflm_hil.emulator.cortex_m7.registers import Registers
from tflm_hil.emulator.cortex_m7.scb import SCR, SCR_SEVONPEND, VTOR, Scb
from tflm_hil.emulator.cortex_m7.stack_frames import StackFrames
from tflm_hil.emulator.cortex_m7.systick import SysTick
from tflm_hil.emulator.memory import Memory
from tflm_hil.emulator.native.library import Check, Helper


class Services(Protocol):
    """What the core needs of the machine around it."""

    @property
    def cycles(self) -> int:
        """Core cycles since power-on, sleep included."""

    @property
    def clocked_cycles(self) -> int:
        """Cycles in which the core's clock ran: without sleep, unless DBGMCU keeps it on."""

    def schedule(self, at_cycles: int, callback: Callable[[], None]) -> Event:
        """As `Bus.schedule`."""

    def finding(self, rule: str, sentence: str) -> None:
        """As `Bus.finding`."""

    def request_reset(self, reason: ResetReason) -> None:
        """Reset the chip after the current block of instructions."""

    def code_changed(self, address: int, length: int) -> None:
        """`length` bytes from `address` were written: translated code of them is stale."""

    def wake(self) -> None:
        """The run thread has something to do."""


class Core:
    """One Cortex-M7 with its debug logic."""

    def __init__(self, engine: Any, helper: Helper, memory: Memory, machine: Services) -> None:
        self._engine = engine
        self._helper = helper
        self._memory = memory
        self._machine = machine
        self._breakpoints: dict[int, int] = {}
        self.registers = Registers(engine)
        self.nvic = Nvic(self._pending_changed)
        self.systick = SysTick(self.nvic, lambda: machine.cycles, machine.schedule)
        self.dwt = Dwt(lambda: machine.clocked_cycles, self._set_watchpoints, machine.finding)
        self.fpb = Fpb(self._set_breakpoints)
        self._protection_changed = True
        self.mpu = MpuRegisters(self._permissions_changed)
        self.protection = MemoryProtection(engine, memory, self.mpu)
        self.dbgmcu = Dbgmcu()
        self.debug = Debug(
            self.registers,
            lambda: machine.cycles,
            self.dwt.set_trace_enabled,
            entered=self._debug_state_entered,
            resumed=machine.wake,
        )
        self.scb = Scb(
            self.nvic,
            lambda: self.registers.ipsr,
            self._set_fpu,
            helper.trap_division,
            lambda: machine.request_reset(ResetReason.SOFTWARE),
            machine.finding,
        )
        self.exceptions = Exceptions(
            self.registers,
            self.nvic,
            self.scb,
            memory,
            StackFrames(self.registers, memory, self.mpu, machine.code_changed),
            self.debug,
            set_event=self._set_event,
        )
        self.cpu = Cpu(
            engine, helper, self.registers, memory, self.exceptions, self.mpu, self.debug
        )
        self.ppb = self._wire_ppb()

    def _wire_ppb(self) -> Ppb:
        ppb = Ppb()
        ppb.attach(0xE0001000, 0xE0001FB4, self.dwt)
        ppb.attach(0xE0002000, 0xE0002024, self.fpb)
        ppb.attach(0xE000E004, 0xE000E004, self.nvic)
        ppb.attach(0xE000E010, 0xE000E01C, self.systick)
        ppb.attach(0xE000E100, 0xE000E4FC, self.nvic)
        ppb.attach(DFSR, DFSR, self.debug)
        ppb.attach(0xE000ED90, 0xE000EDB8, self.mpu)
        ppb.attach(DHCSR, DEMCR, self.debug)
        ppb.attach(0xE000EF00, 0xE000EF00, self.nvic)
        ppb.attach(0xE000E008, 0xE000EFA8, self.scb)
        ppb.attach(0xE0042000, 0xE004200C, self.dbgmcu)
        return ppb

    # --- what the parts tell each other -----------------------------------------------------

    def _set_event(self) -> None:
        self._helper.state.event = 1

    def _permissions_changed(self) -> None:
        """Mappings cannot change under a running core: at its next stop."""
        self._protection_changed = True
        self._helper.state.stop = 1

    def apply_protection(self) -> None:
        """Map memory as the MPU says; called while the core stands still."""
        self.mpu.suspend(bool(self.nvic.active & (1 << HARD_FAULT | 1 << NMI)))
        if self._protection_changed:
            self._protection_changed = False
            self.protection.apply()

    def _debug_state_entered(self) -> None:
        """Debug state ends sleep and lockup."""
        self.cpu.sleeping = self.cpu.waiting_for_event = False
        self.exceptions.locked_up = False

    def _pending_changed(self) -> None:
        """Let the native side stop for what may preempt once the masks allow it."""
        state = self._helper.state
        exception = self.nvic.can_preempt(self.nvic.active_priority())
        if exception is None:
            state.checks &= ~Check.INTERRUPT
            return
        state.irq_priority = max(0, self.nvic.group_priority(exception))
        state.checks |= Check.INTERRUPT
        if self.nvic.priority(exception) < 0:
            state.stop = 1  # NMI asks no mask
        self._machine.wake()

    def _set_fpu(self, on: bool) -> None:
        if on:
            self._helper.state.checks &= ~Check.FPU_OFF
        else:
            self._helper.state.checks |= Check.FPU_OFF

    def _set_breakpoints(self, addresses: set[int]) -> None:
        for address in self._breakpoints.keys() - addresses:
            self._helper.delete_breakpoint(self._breakpoints.pop(address))
            self.retranslate(address, 2)
        for address in addresses - self._breakpoints.keys():
            self._breakpoints[address] = self._helper.add_breakpoint(address)
            self.retranslate(address, 2)

    def _set_watchpoints(self, watchpoints: list[tuple[int, int, int, int]]) -> None:
        self._helper.set_watchpoints(watchpoints)
        self._engine.ctl_flush_tb()

    def retranslate(self, address: int, length: int) -> None:
        """Drop translated code of this range."""
        first = address & ~1
        self._engine.ctl_remove_cache(first, max(first + 2, address + length))
        self._helper.forget_blocks()

    # --- running ----------------------------------------------------------------------------

    def reset(self) -> None:
        """System reset: start from the vector table. Raises nothing on a blank flash."""
        self._engine.ctl_flush_tb()
        self._helper.forget_blocks()
        self._helper.state.event = 0
        for part in (self.nvic, self.scb, self.systick, self.mpu, self.exceptions, self.cpu):
            part.reset()
        table = self.scb[VTOR]
        self.registers.reset(self._memory.read_word(table), self._memory.read_word(table + 4))
        self.debug.system_reset()
        self._pending_changed()
        if self.debug.catches(VC_CORERESET):
            self.debug.halt(DFSR_VCATCH)

    def wakes(self) -> bool:
        """True if a sleeping core has a reason to go on."""
        cpu, state = self.cpu, self._helper.state
        waiting_for_event = cpu.waiting_for_event
        # PRIMASK masks the handler, not the wake-up from WFI (DDI 0403E, B1.5.19).
        priority = self.exceptions.execution_priority(ignore_primask=not waiting_for_event)
        if self.nvic.can_preempt(priority) is not None:
            return True
        if not waiting_for_event:
            return False
        if state.event or (self.scb[SCR] & SCR_SEVONPEND and self.nvic.pending):
            state.event = 0
            return True
        return False

    def mirror_state(self) -> None:
        """Show the debug port what the core does."""
        self.debug.sleeping = self.cpu.sleeping
        self.debug.locked_up = self.exceptions.locked_up
