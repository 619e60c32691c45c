"""The core's registers, over Unicorn's.

Unicorn banks SP and keeps CONTROL, PRIMASK and the FP registers. The T bit and the PC of a stopped
core are kept here: Unicorn derives them from where it was started.
"""

from __future__ import annotations

import ctypes
from typing import Any

from unicorn import arm_const as arm
from unicorn.unicorn_py3.unicorn import uclib as _unicorn

_R = [getattr(arm, f"UC_ARM_REG_R{i}") for i in range(13)]
_R += [arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR]
_S0 = arm.UC_ARM_REG_S0
SP, LR = 13, 14
MASK32 = 0xFFFFFFFF
XPSR_T = 1 << 24
CONTROL_NPRIV, CONTROL_SPSEL, CONTROL_FPCA = 1, 2, 4


class Registers:
    """Core registers of a stopped core. All values are unsigned."""

    def __init__(self, engine: Any) -> None:
        self._handle = engine._uch
        self._value = ctypes.c_uint64()
        self._at = ctypes.byref(self._value)
        self.pc = 0
        self.thumb = True

    # Straight to the C functions: the package's own accessors cost ten times as much, and these
    # are called dozens of times for each frame on the serial line.

    def _read(self, register: int) -> int:
        _unicorn.uc_reg_read(self._handle, register, self._at)
        return self._value.value & MASK32

    def _write(self, register: int, value: int) -> None:
        self._value.value = value & MASK32
        _unicorn.uc_reg_write(self._handle, register, self._at)

    def read(self, number: int) -> int:
        """r0..r12, sp, lr by number."""
        return self._read(_R[number])

    def write(self, number: int, value: int) -> None:
        """r0..r12, sp, lr by number; SP is word aligned."""
        self._write(_R[number], value & ~3 if number == SP else value)

    def read_s(self, number: int) -> int:
        """A single-precision register as its bits."""
        return self._read(_S0 + number)

    def write_s(self, number: int, value: int) -> None:
        """Set a single-precision register from its bits."""
        self._write(_S0 + number, value)

    @property
    def engine_pc(self) -> int:
        """Where Unicorn stopped."""
        return self._read(arm.UC_ARM_REG_PC)

    @property
    def engine_thumb(self) -> bool:
        """The T bit as Unicorn has it: clear after a branch to an even address."""
        return bool(self._read(arm.UC_ARM_REG_XPSR) & XPSR_T)

    @property
    def xpsr(self) -> int:
        """APSR, IPSR and EPSR in one."""
        return (self._read(arm.UC_ARM_REG_XPSR) & ~XPSR_T) | (XPSR_T if self.thumb else 0)

    @xpsr.setter
    def xpsr(self, value: int) -> None:
        self._write(arm.UC_ARM_REG_XPSR_NZCVQG, value)
        self.thumb = bool(value & XPSR_T)

    @property
    def ipsr(self) -> int:
        """Number of the exception that is being handled, 0 in thread mode."""
        return self._read(arm.UC_ARM_REG_IPSR) & 0x1FF

    @ipsr.setter
    def ipsr(self, value: int) -> None:
        self._write(arm.UC_ARM_REG_IPSR, value)

    def clear_it(self) -> None:
        """Leave an IT block or an interrupted load/store multiple."""
        self._write(arm.UC_ARM_REG_EPSR, XPSR_T)

    @property
    def msp(self) -> int:
        """Main stack pointer."""
        return self._read(arm.UC_ARM_REG_MSP)

    @msp.setter
    def msp(self, value: int) -> None:
        self._write(arm.UC_ARM_REG_MSP, value & ~3)

    @property
    def psp(self) -> int:
        """Process stack pointer."""
        return self._read(arm.UC_ARM_REG_PSP)

    @psp.setter
    def psp(self, value: int) -> None:
        self._write(arm.UC_ARM_REG_PSP, value & ~3)

    @property
    def control(self) -> int:
        """nPRIV, SPSEL, FPCA."""
        return self._read(arm.UC_ARM_REG_CONTROL) & 7

    @control.setter
    def control(self, value: int) -> None:
        # Unicorn's core is a "secure" one inside: an FP context is its SFPA bit as well.
        secure_fp = 8 if value & CONTROL_FPCA else 0
        self._write(arm.UC_ARM_REG_CONTROL, value & 7 | secure_fp)

    @property
    def primask(self) -> int:
        """1: no exception with a settable priority."""
        return self._read(arm.UC_ARM_REG_PRIMASK) & 1

    @primask.setter
    def primask(self, value: int) -> None:
        self._write(arm.UC_ARM_REG_PRIMASK, value & 1)

    @property
    def faultmask(self) -> int:
        """1: none but NMI."""
        return self._read(arm.UC_ARM_REG_FAULTMASK) & 1

    @faultmask.setter
    def faultmask(self, value: int) -> None:
        self._write(arm.UC_ARM_REG_FAULTMASK, value & 1)

    @property
    def basepri(self) -> int:
        """Lowest urgency that is masked, 0 for none."""
        return self._read(arm.UC_ARM_REG_BASEPRI) & 0xFF

    @basepri.setter
    def basepri(self, value: int) -> None:
        self._write(arm.UC_ARM_REG_BASEPRI, value & 0xF0)

    @property
    def fpscr(self) -> int:
        """FP status and control."""
        return self._read(arm.UC_ARM_REG_FPSCR)

    @fpscr.setter
    def fpscr(self, value: int) -> None:
        self._write(arm.UC_ARM_REG_FPSCR, value)

    @property
    def privileged(self) -> bool:
        """Handler mode, or thread mode with nPRIV clear."""
        return not self.control & CONTROL_NPRIV or self.ipsr != 0

    def reset(self, stack_pointer: int, entry: int) -> None:
        """Values after a reset that read these two words from the vector table."""
        for number in range(13):
            self.write(number, 0)
        for number in range(32):
            self.write_s(number, 0)
        self.primask = self.faultmask = self.basepri = 0
        self.xpsr = XPSR_T
        self.control = 0
        self.fpscr = 0
        self.msp, self.psp = stack_pointer, 0
        self.write(LR, MASK32)
        self.pc, self.thumb = entry & ~1, bool(entry & 1)

    # --- as the debug port numbers them (DDI 0403E, C1.6.3 DCRSR) ---------------------------

    def read_selected(self, number: int) -> int:
        """A register by its DCRSR number; unknown numbers read 0."""
        if number < 15:
            return self.read(number)
        if 64 <= number < 96:
            return self.read_s(number - 64)
        match number:
            case 15:
                return self.pc
            case 16:
                return self.xpsr
            case 17:
                return self.msp
            case 18:
                return self.psp
            case 20:
                masks = self.faultmask << 16 | self.basepri << 8 | self.primask
                return self.control << 24 | masks
            case 33:
                return self.fpscr
            case _:
                return 0

    def write_selected(self, number: int, value: int) -> None:
        """Set a register by its DCRSR number; unknown numbers are ignored."""
        if number < 15:
            self.write(number, value)
        elif 64 <= number < 96:
            self.write_s(number - 64, value)
        elif number == 15:
            self.pc = value & ~1 & MASK32
        elif number == 16:
            self.xpsr = value
        elif number == 17:
            self.msp = value
        elif number == 18:
            self.psp = value
        elif number == 20:
            self.control = value >> 24
            self.faultmask = value >> 16
            self.basepri = value >> 8
            self.primask = value
        elif number == 33:
            self.fpscr = value
