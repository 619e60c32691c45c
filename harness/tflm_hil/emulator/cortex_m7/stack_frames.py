"""The frame that exception entry pushes and exception return takes off (DDI 0403E, B1.5.6)."""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.emulator.bus import BusError
from tflm_hil.emulator.cortex_m7.faults import INVPC, MSTKERR, MUNSTKERR, STKERR, UNSTKERR
from tflm_hil.emulator.cortex_m7.mpu_registers import MpuRegisters
from tflm_hil.emulator.cortex_m7.registers import CONTROL_FPCA, CONTROL_SPSEL, LR, SP, Registers
from tflm_hil.emulator.memory import Memory

_FRAME_BYTES, _FP_FRAME_BYTES = 0x20, 0x68
_CALLER_SAVED = (0, 1, 2, 3, 12)
_XPSR_SPREALIGN = 1 << 9


class StackFrames:
    """Moves the core's registers to its stack and back; both return 0 or the CFSR bit that fails.

    `stored(address, length)` is called after memory was written here.
    """

    def __init__(
        self,
        registers: Registers,
        memory: Memory,
        mpu: MpuRegisters,
        stored: Callable[[int, int], None],
    ) -> None:
        self._registers = registers
        self._memory = memory
        self._mpu = mpu
        self._stored = stored

    def push(self, *, extended: bool, align: bool) -> int:
        """Stack the context: with the FP registers if `extended`, to 8 bytes if `align`."""
        registers = self._registers
        pointer = registers.read(SP)
        size = _FP_FRAME_BYTES if extended else _FRAME_BYTES
        realign = bool(pointer & 4 and (extended or align))
        frame_at = (pointer - size - (4 if realign else 0)) & 0xFFFFFFFF
        words = [registers.read(number) for number in _CALLER_SAVED]
        xpsr = registers.xpsr & ~_XPSR_SPREALIGN
        words += [registers.read(LR), registers.pc, xpsr | (_XPSR_SPREALIGN if realign else 0)]
        if extended:
            words += [registers.read_s(number) for number in range(16)]
            words += [registers.fpscr, 0]
        registers.write(SP, frame_at)
        data = b"".join(word.to_bytes(4, "little") for word in words)
        if not self._mpu.access(frame_at).write:
            return MSTKERR
        try:
            self._memory.write(frame_at, data)
        except BusError:
            return STKERR
        self._stored(frame_at, len(data))
        return 0

    def pop(self, link: int) -> int:
        """Take the context off again, from where EXC_RETURN value `link` says."""
        to_thread, from_psp = bool(link & 0x8), bool(link & 0x4)
        registers = self._registers
        extended = not link & 0x10
        pointer = registers.psp if from_psp else registers.msp
        size = _FP_FRAME_BYTES if extended else _FRAME_BYTES
        if not self._mpu.access(pointer).read:
            return MUNSTKERR
        try:
            data = self._memory.read(pointer, size)
        except BusError:
            return UNSTKERR
        words = [int.from_bytes(data[i : i + 4], "little") for i in range(0, size, 4)]
        xpsr = words[7]
        if to_thread != (xpsr & 0x1FF == 0):
            return INVPC
        for number, word in zip(_CALLER_SAVED, words[:5], strict=True):
            registers.write(number, word)
        registers.write(LR, words[5])
        if extended:
            for number in range(16):
                registers.write_s(number, words[8 + number])
            registers.fpscr = words[24]
        pointer = (pointer + size) | (4 if xpsr & _XPSR_SPREALIGN else 0)
        if from_psp:
            registers.psp = pointer
        else:
            registers.msp = pointer
        registers.xpsr = xpsr & ~_XPSR_SPREALIGN
        control = registers.control & ~(CONTROL_SPSEL | CONTROL_FPCA)
        control |= CONTROL_SPSEL if from_psp else 0
        registers.control = control | (CONTROL_FPCA if extended else 0)
        registers.pc = words[6] & ~1
        return 0
