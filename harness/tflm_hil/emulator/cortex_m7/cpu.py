"""Runs the core until something happens, and turns what Unicorn reports into what an M7 does.

What Unicorn tells, and how, is an observation of unicorn 2.1.4 with UC_MODE_MCLASS; each case has a
test in tests/integration/emulator.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from unicorn import UcError
from unicorn import unicorn_const as uc

from tflm_hil.emulator.bus import BusError
from tflm_hil.emulator.cortex_m7 import debug as dbg
from tflm_hil.emulator.cortex_m7 import faults
from tflm_hil.emulator.cortex_m7 import nvic as exc
from tflm_hil.emulator.cortex_m7.debug import Debug
from tflm_hil.emulator.cortex_m7.exceptions import Exceptions
from tflm_hil.emulator.cortex_m7.faults import Fault
from tflm_hil.emulator.cortex_m7.mpu_registers import MpuRegisters
from tflm_hil.emulator.cortex_m7.registers import Registers
from tflm_hil.emulator.memory import Memory
from tflm_hil.emulator.native.library import Check, Helper, Reason
from tflm_hil.errors import EmulatorError

_WFI, _WFE, _YIELD = 0xBF30, 0xBF20, 0xBF10
_READ_ERRORS = (uc.UC_ERR_READ_UNMAPPED, uc.UC_ERR_READ_PROT)
_DATA_ACCESS_ERRORS = (*_READ_ERRORS, uc.UC_ERR_WRITE_UNMAPPED, uc.UC_ERR_WRITE_PROT)
_FETCH_ERRORS = (uc.UC_ERR_FETCH_UNMAPPED, uc.UC_ERR_FETCH_PROT)
_INVALID_ERRORS = (uc.UC_ERR_INSN_INVALID, uc.UC_ERR_EXCEPTION)
_NEVER = 0xFFFFFFFF
_MAX_BLOCK_INSTRUCTIONS = 1024


class _Interrupt(IntEnum):
    """Unicorn's interrupt numbers for M-profile."""

    SVC = 2
    PREFETCH_ABORT = 3
    DATA_ABORT = 4
    BKPT = 7
    EXCEPTION_EXIT = 8


def _execute_never(address: int) -> bool:
    """Peripheral, external device and system space (DDI 0403E, B3.1)."""
    return 0x40000000 <= address < 0x60000000 or address >= 0xA0000000


@dataclass
class _Stop:
    """What the callbacks saw during one run."""

    interrupt: int | None = None
    access_address: int | None = None


class Cpu:
    """One core. It runs in `run()`, otherwise it is stopped and may be looked at."""

    def __init__(
        self,
        engine: Any,
        helper: Helper,
        registers: Registers,
        memory: Memory,
        exceptions: Exceptions,
        mpu: MpuRegisters,
        debug: Debug,
    ) -> None:
        self._engine = engine
        self._helper = helper
        self._registers = registers
        self._memory = memory
        self._exceptions = exceptions
        self._mpu = mpu
        self._debug = debug
        self._stop = _Stop()
        self.sleeping = False
        self.waiting_for_event = False
        engine.hook_add(uc.UC_HOOK_INTR, self._on_interrupt)
        engine.hook_add(
            uc.UC_HOOK_MEM_READ_UNMAPPED
            | uc.UC_HOOK_MEM_WRITE_UNMAPPED
            | uc.UC_HOOK_MEM_FETCH_UNMAPPED
            | uc.UC_HOOK_MEM_READ_PROT
            | uc.UC_HOOK_MEM_WRITE_PROT
            | uc.UC_HOOK_MEM_FETCH_PROT,
            self._on_refused,
        )

    def reset(self) -> None:
        """System reset."""
        self.sleeping = self.waiting_for_event = False

    def _on_interrupt(self, engine: Any, number: int, _user: object) -> None:
        self._stop.interrupt = number
        engine.emu_stop()

    def _on_refused(
        self, _engine: Any, _kind: int, address: int, _size: int, _value: int, _user: object
    ) -> bool:
        self._stop.access_address = address
        return False

    # --- running ----------------------------------------------------------------------------

    def run(self) -> None:
        """Execute until the native side stops, or the code does something that ends a run."""
        self._execute(step=False)

    def step(self) -> None:
        """Execute one instruction (an IT block counts as one)."""
        self._execute(step=True)

    def _execute(self, *, step: bool) -> None:
        registers, state = self._registers, self._helper.state
        if not registers.thumb:
            self._exceptions.fault(Fault(exc.USAGE_FAULT, faults.INVSTATE))
            return
        begin = registers.pc
        if _execute_never(begin):
            self._exceptions.fault(Fault(exc.MEM_MANAGE, faults.IACCVIOL))
            return
        self._stop = _Stop()
        state.reason, state.io_fault = Reason.NONE, 0
        if step:
            state.checks |= Check.STEPPING
            self._engine.ctl_flush_tb()  # blocks translated without a count ignore it
        error = uc.UC_ERR_OK
        try:
            self._engine.emu_start(begin | 1, _NEVER, 0, 1 if step else 0)
        except UcError as problem:
            error = problem.errno
        finally:
            state.checks &= ~Check.STEPPING
        registers.pc = registers.engine_pc
        if not step:
            self._helper.settle(registers.pc)
        self._interpret(begin, error, step)

    def _interpret(self, begin: int, error: int, step: bool) -> None:
        if self._stop.interrupt is not None:
            self._interrupted(self._stop.interrupt)
        elif self._helper.state.io_fault:
            self._io_fault()
        elif error != uc.UC_ERR_OK:
            self._failed(error, begin)
        else:
            self._stopped(begin, step)

    def _interrupted(self, number: int) -> None:
        match number:
            case _Interrupt.SVC:
                self._exceptions.supervisor_call()
            case _Interrupt.PREFETCH_ABORT:
                self._exceptions.fault(Fault(exc.MEM_MANAGE, faults.IACCVIOL))
            case _Interrupt.DATA_ABORT:
                address = self._stop.access_address
                self._exceptions.fault(Fault(exc.MEM_MANAGE, faults.DACCVIOL, address))
            case _Interrupt.BKPT:
                self._breakpoint()
            case _Interrupt.EXCEPTION_EXIT:
                self._exceptions.leave(self._registers.pc | 1)
            case _:
                self._exceptions.fault(Fault(exc.USAGE_FAULT, faults.UNDEFINSTR))

    def _breakpoint(self) -> None:
        if self._debug.enabled:
            self._debug.halt(dbg.DFSR_BKPT)
        else:
            self._exceptions.debug_event()

    def _io_fault(self) -> None:
        address = self._helper.state.io_fault_address
        self._exceptions.fault(Fault(exc.BUS_FAULT, faults.PRECISERR, address))

    def _failed(self, error: int, begin: int) -> None:
        pc = self._registers.pc
        if error in _DATA_ACCESS_ERRORS:
            self._exceptions.fault(self._data_fault(error))
        elif error in _FETCH_ERRORS:
            if _execute_never(pc) or not self._mpu.access(pc).execute:
                self._exceptions.fault(Fault(exc.MEM_MANAGE, faults.IACCVIOL))
            else:
                self._exceptions.fault(Fault(exc.BUS_FAULT, faults.IBUSERR))
        elif error in _INVALID_ERRORS:
            self._invalid(pc, begin)
        else:
            raise EmulatorError(f"Unicorn stopped at {pc:#010x} with error {error}")

    def _data_fault(self, error: int) -> Fault:
        address = self._stop.access_address
        access = self._mpu.access(address or 0)
        allowed = access.read if error in _READ_ERRORS else access.write
        if not allowed:
            return Fault(exc.MEM_MANAGE, faults.DACCVIOL, address)
        return Fault(exc.BUS_FAULT, faults.PRECISERR, address)

    def _invalid(self, pc: int, begin: int) -> None:
        """An undefined instruction, an even branch target, or a hint that Unicorn has not got."""
        if not self._registers.engine_thumb:
            self._registers.thumb = False
            self._exceptions.fault(Fault(exc.USAGE_FAULT, faults.INVSTATE))
            return
        hint = self._halfword(pc - 2) if pc != begin else 0
        if hint == _WFE:
            self._wait_for_event()
        elif hint != _YIELD:
            self._exceptions.fault(Fault(exc.USAGE_FAULT, faults.UNDEFINSTR))

    def _wait_for_event(self) -> None:
        state = self._helper.state
        if state.event:
            state.event = 0
        else:
            self.sleeping = self.waiting_for_event = True

    def _stopped(self, begin: int, step: bool) -> None:
        state = self._helper.state
        reason = state.reason
        if reason == Reason.BREAKPOINT:
            self._breakpoint()
        elif reason == Reason.FPU_OFF:
            self._fpu_off(state.detail)
        elif reason == Reason.RETRANSLATE:
            pc = self._registers.pc
            self._engine.ctl_remove_cache(pc, pc + state.detail)
        elif reason == Reason.DIVISION:
            self._exceptions.fault(Fault(exc.USAGE_FAULT, faults.DIVBYZERO))
        elif reason == Reason.NONE and (not step or self._halfword(begin) == _WFI):
            self.sleeping = True  # WFI ends a run without a word

    def _fpu_off(self, instruction: int) -> None:
        """Walk up to the FP instruction, unless something else happens before it."""
        for _ in range(_MAX_BLOCK_INSTRUCTIONS):
            if self._registers.pc == instruction:
                self._exceptions.fault(Fault(exc.USAGE_FAULT, faults.NOCP))
                return
            handled = self._exceptions.execution_priority()
            self.step()
            left_the_block = self._exceptions.execution_priority() != handled
            if left_the_block or self.sleeping or self._debug.halted:
                return

    def _halfword(self, address: int) -> int:
        try:
            return int.from_bytes(self._memory.read(address, 2), "little")
        except BusError:
            return 0
