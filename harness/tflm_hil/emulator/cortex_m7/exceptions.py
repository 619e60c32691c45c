"""Exception entry, return and faults of an ARMv7-M core (DDI 0403E, B1.5).

Differences from silicon, on purpose: FP registers are stacked at entry, never lazily later (a
handler that uses no FP sees other stack contents, never other results); a store to nowhere is a
precise BusFault with its address, where a Cortex-M7 often reports an imprecise one without; a
return that tail-chains unstacks and stacks again. Unaligned LDM, STM, LDRD, STRD and unaligned
accesses to peripherals do not fault: Unicorn shows only the words of such an access, and a hook at
each of these instructions, which are everywhere, would cost more speed than there is to spare.
"""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.emulator.bus import BusError
from tflm_hil.emulator.cortex_m7 import debug as dbg
from tflm_hil.emulator.cortex_m7 import nvic as exc
from tflm_hil.emulator.cortex_m7.debug import Debug
from tflm_hil.emulator.cortex_m7.faults import (
    BFARVALID,
    CATCH,
    DEBUGEVT,
    FORCED,
    INVPC,
    MMARVALID,
    MSTKERR,
    MUNSTKERR,
    VECTTBL,
    Fault,
)
from tflm_hil.emulator.cortex_m7.nvic import Nvic
from tflm_hil.emulator.cortex_m7.registers import CONTROL_FPCA, CONTROL_SPSEL, LR, Registers
from tflm_hil.emulator.cortex_m7.scb import (
    BFAR,
    CCR,
    CCR_NONBASETHRDENA,
    CCR_STKALIGN,
    FPCCR,
    MMFAR,
    SCR,
    SCR_SLEEPONEXIT,
    VTOR,
    Scb,
)
from tflm_hil.emulator.cortex_m7.stack_frames import StackFrames
from tflm_hil.emulator.memory import Memory

LOCKUP_PC = 0xFFFFFFFE
_FPCCR_ASPEN = 1 << 31


class Exceptions:
    """Moves the core into and out of handlers."""

    def __init__(
        self,
        registers: Registers,
        nvic: Nvic,
        scb: Scb,
        memory: Memory,
        frames: StackFrames,
        debug: Debug,
        *,
        set_event: Callable[[], None],
    ) -> None:
        """`set_event` is called at each entry and return: both wake WFE."""
        self._registers = registers
        self._nvic = nvic
        self._scb = scb
        self._memory = memory
        self._frames = frames
        self._debug = debug
        self._set_event = set_event
        self.locked_up = False
        self.sleep_on_exit = False

    def reset(self) -> None:
        """System reset."""
        self.locked_up = self.sleep_on_exit = False

    def execution_priority(self, *, ignore_primask: bool = False) -> int:
        """The core's current priority."""
        registers = self._registers
        return self._nvic.execution_priority(
            primask=0 if ignore_primask else registers.primask,
            faultmask=registers.faultmask,
            basepri=registers.basepri,
        )

    # --- asynchronous and SVC ---------------------------------------------------------------

    def take_pending(self) -> bool:
        """Enter the most urgent pending exception if it preempts. True if one was taken."""
        if not self._nvic.pending & self._nvic.enabled:
            return False
        exception = self._nvic.can_preempt(self.execution_priority())
        if exception is None:
            return False
        self.enter(exception)
        return True

    def supervisor_call(self) -> None:
        """SVC: an exception at once, or a HardFault if it cannot preempt."""
        if self._nvic.group_priority(exc.SVCALL) < self.execution_priority():
            self.enter(exc.SVCALL)
        else:
            self._escalate(0)

    def debug_event(self) -> None:
        """BKPT or a breakpoint while no debugger is there."""
        monitor_preempts = self._nvic.group_priority(exc.DEBUG_MONITOR) < self.execution_priority()
        if self._debug.monitor_enabled and monitor_preempts:
            self.enter(exc.DEBUG_MONITOR)
        else:
            self._hard_fault(DEBUGEVT, 0)

    # --- faults -----------------------------------------------------------------------------

    def fault(self, fault: Fault) -> None:
        """Take a fault, or escalate it, or lock up."""
        self._note(fault)
        preempts = self._nvic.group_priority(fault.exception) < self.execution_priority()
        if not self._scb.fault_enabled(fault.exception) or not preempts:
            self._escalate(fault.catch)
            return
        self.enter(fault.exception)
        if self._debug.catches(fault.catch):
            self._debug.halt(dbg.DFSR_VCATCH)

    def _note(self, fault: Fault) -> None:
        self._scb.cfsr |= fault.status
        if fault.address is not None:
            if fault.exception == exc.MEM_MANAGE:
                self._scb.fault_address(MMFAR, fault.address, MMARVALID)
            else:
                self._scb.fault_address(BFAR, fault.address, BFARVALID)

    def _escalate(self, catch: int) -> None:
        self._hard_fault(FORCED, catch)

    def _hard_fault(self, status: int, catch: int) -> None:
        if self.execution_priority() <= -1:
            self._lock_up()
            return
        self._scb.hfsr |= status
        self.enter(exc.HARD_FAULT)
        if self._debug.catches(dbg.VC_HARDERR | catch):
            self._debug.halt(dbg.DFSR_VCATCH)

    def _lock_up(self) -> None:
        self.locked_up = True
        self._registers.pc = LOCKUP_PC

    # --- entry ------------------------------------------------------------------------------

    def enter(self, exception: int) -> None:
        """Stack the context and start the handler."""
        self._set_event()
        registers = self._registers
        from_handler = registers.ipsr != 0
        control = registers.control
        extended = bool(control & CONTROL_FPCA and self._scb[FPCCR] & _FPCCR_ASPEN)
        failure = self._frames.push(extended=extended, align=bool(self._scb[CCR] & CCR_STKALIGN))
        link = 0xFFFFFFE1 | (0 if extended else 0x10)
        if not from_handler:
            link |= 0x8 | (0x4 if control & CONTROL_SPSEL else 0)
        if failure:
            # The derived fault takes the place of the exception, which stays pending.
            self._stacking_failed(exception, link, failure)
            return
        self._start_handler(exception, link)

    def _stacking_failed(self, exception: int, link: int, status: int) -> None:
        self._scb.cfsr |= status
        if exception == exc.HARD_FAULT or self.execution_priority() <= -1:
            self._lock_up()
            return
        if exception not in (exc.MEM_MANAGE, exc.BUS_FAULT, exc.USAGE_FAULT, exc.SVCALL):
            self._nvic.pend(exception)
        derived = exc.MEM_MANAGE if status == MSTKERR else exc.BUS_FAULT
        preempts = self._nvic.group_priority(derived) < self.execution_priority()
        if self._scb.fault_enabled(derived) and preempts:
            self._start_handler(derived, link)
        else:
            self._scb.hfsr |= FORCED
            self._start_handler(exc.HARD_FAULT, link)
        if self._debug.catches(dbg.VC_INTERR):
            self._debug.halt(dbg.DFSR_VCATCH)

    def _start_handler(self, exception: int, link: int) -> None:
        registers = self._registers
        registers.control = registers.control & ~CONTROL_FPCA
        registers.ipsr = exception  # handler mode: SP is MSP from here
        registers.control = registers.control & ~CONTROL_SPSEL
        registers.clear_it()
        registers.write(LR, link)
        self._nvic.activate(exception)
        try:
            vector = self._memory.read_word(self._scb[VTOR] + 4 * exception)
        except BusError:
            self._vector_failed(exception, link)
            return
        registers.pc, registers.thumb = vector & ~1, bool(vector & 1)

    def _vector_failed(self, exception: int, link: int) -> None:
        if exception in (exc.HARD_FAULT, exc.NMI):
            self._lock_up()
            return
        self._scb.hfsr |= VECTTBL
        self._nvic.deactivate(exception)
        self._start_handler(exc.HARD_FAULT, link)

    # --- return -----------------------------------------------------------------------------

    def leave(self, link: int) -> None:
        """A handler branched to EXC_RETURN value `link`."""
        self._set_event()
        registers = self._registers
        returning = registers.ipsr
        to_thread = bool(link & 0x8)
        valid = (
            link | 0x1E == 0xFFFFFFFF
            and link & 0xF in (0x1, 0x9, 0xD)
            and bool(self._nvic.active >> returning & 1)
        )
        if returning != exc.NMI:
            registers.faultmask = 0
        self._nvic.deactivate(returning)
        nested = self._nvic.active != 0
        may_leave_nested = bool(self._scb[CCR] & CCR_NONBASETHRDENA)
        if not valid or (to_thread and nested and not may_leave_nested):
            self._invalid_return(link, INVPC)
            return
        if not to_thread and not nested:
            self._invalid_return(link, INVPC)
            return
        if failure := self._frames.pop(link):
            self._invalid_return(link, failure)
        if to_thread and self._scb[SCR] & SCR_SLEEPONEXIT:
            self.sleep_on_exit = True

    def _invalid_return(self, link: int, status: int) -> None:
        """The fault is taken on the frame that is still there, as if it tail-chained."""
        exception = {INVPC: exc.USAGE_FAULT, MUNSTKERR: exc.MEM_MANAGE}.get(status, exc.BUS_FAULT)
        self._scb.cfsr |= status
        if self.execution_priority() <= -1:
            self._lock_up()
            return
        preempts = self._nvic.group_priority(exception) < self.execution_priority()
        if not self._scb.fault_enabled(exception) or not preempts:
            self._scb.hfsr |= FORCED
            exception = exc.HARD_FAULT
        self._start_handler(exception, 0xF0000000 | link)
        if self._debug.catches(CATCH[status]):
            self._debug.halt(dbg.DFSR_VCATCH)
