"""The debug access port: a SW-DP with one AHB-AP, register by register.

Source: ADIv5.2 (IHI 0031), chapters B2, C2 and E1.5; discovery values of the STM32F746. The caller
is one connection; the DP's state belongs to the chip and is shared by all of them, as on a board
with one SWD connector.
"""

from __future__ import annotations

import struct

from tflm_hil.emulator.bus import BusError
from tflm_hil.emulator.cortex_m7.debug import DHCSR
from tflm_hil.emulator.machine import Machine

_DPIDR_VALUE = 0x5BA02477
_DP_ABORT, _DP_CTRL_STAT, _DP_SELECT, _DP_RDBUFF = 0x0, 0x4, 0x8, 0xC
_ABORT_CLEARS = 0x1E
_STICKYERR, _READOK, _POWER_REQUESTS = 1 << 5, 1 << 6, 0x50000000
_AP_CSW, _AP_TAR, _AP_DRW, _AP_CFG, _AP_BASE, _AP_IDR = 0x00, 0x04, 0x0C, 0xF4, 0xF8, 0xFC
_BANKED_DATA = range(0x10, 0x20)
_IDR_VALUE, _BASE_VALUE = 0x74770001, 0xE00FD003
_CSW_RESET, _CSW_WRITABLE, _CSW_DEVICE_ENABLED = 0x43800042, 0x7F000F37, 1 << 6
_AUTO_INCREMENT_WRAP = 0x400
_RUNNING_READS_BELOW = 0x40000000  # memories, which need no stopped core to be read
_HALT_WAIT_S = 0.001


class DapFault(Exception):
    """The transfer is answered with FAULT."""


class Dap:
    """One debug access port."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._control = 0
        self._select = 0
        self._csw = _CSW_RESET
        self._tar = 0
        self._sticky_error = False
        self._last_read = 0

    # --- DP ---------------------------------------------------------------------------------

    def read_dp(self, address: int) -> int:
        """DPIDR, CTRL/STAT, RESEND, RDBUFF."""
        if address == _DP_ABORT:
            return _DPIDR_VALUE
        if address == _DP_CTRL_STAT:
            if self._select & 0xF:
                return 0
            acknowledged = (self._control & _POWER_REQUESTS) << 1
            error = _STICKYERR if self._sticky_error else 0
            return self._control & 0x50000F00 | acknowledged | error | _READOK
        return self._last_read if address == _DP_RDBUFF else 0

    def write_dp(self, address: int, value: int) -> None:
        """ABORT, CTRL/STAT, SELECT."""
        if address == _DP_ABORT:
            if value & _ABORT_CLEARS:
                self._sticky_error = False
        elif address == _DP_CTRL_STAT:
            if not self._select & 0xF:
                self._control = value
        elif address == _DP_SELECT:
            self._select = value

    # --- AP ---------------------------------------------------------------------------------

    def read_ap(self, address: int) -> int:
        """A register of the selected AP. Raises DapFault."""
        register = self._selected(address)
        if register is None:
            return 0
        match register:
            case 0x00:
                value = self._csw
            case 0x04:
                value = self._tar
            case 0x0C:
                value = self._read_data(1)[0]
            case 0xF8:
                value = _BASE_VALUE
            case 0xFC:
                value = _IDR_VALUE
            case _ if register in _BANKED_DATA:
                value = self._read_memory(self._tar & ~0xF | register & 0xC, 4)
            case _:
                value = 0
        self._last_read = value
        return value

    def write_ap(self, address: int, value: int) -> None:
        """A register of the selected AP. Raises DapFault."""
        register = self._selected(address)
        if register == _AP_CSW:
            self._csw = value & _CSW_WRITABLE | 0x00800000 | _CSW_DEVICE_ENABLED
        elif register == _AP_TAR:
            self._tar = value
        elif register == _AP_DRW:
            self._write_data([value])
        elif register is not None and register in _BANKED_DATA:
            self._write_memory(self._tar & ~0xF | register & 0xC, 4, value)

    def read_ap_multiple(self, address: int, count: int) -> list[int]:
        """The same register `count` times. Raises DapFault."""
        if self._selected(address) == _AP_DRW:
            return self._read_data(count)
        return [self.read_ap(address) for _ in range(count)]

    def write_ap_multiple(self, address: int, values: list[int]) -> None:
        """The same register for each value. Raises DapFault."""
        if self._selected(address) == _AP_DRW:
            self._write_data(values)
            return
        for value in values:
            self.write_ap(address, value)

    def _selected(self, address: int) -> int | None:
        """The AP register, with its bank; None for an AP that does not exist."""
        if self._select >> 24 != 0:
            return None
        if self._sticky_error:
            raise DapFault
        return self._select & 0xF0 | address & 0xC

    # --- memory -----------------------------------------------------------------------------

    @property
    def _width(self) -> int:
        return {0: 1, 1: 2}.get(self._csw & 7, 4)

    def _advance(self, length: int) -> None:
        if self._csw & 0x30:
            offset = (self._tar + length) % _AUTO_INCREMENT_WRAP
            self._tar = self._tar & ~(_AUTO_INCREMENT_WRAP - 1) | offset

    def _fault(self) -> DapFault:
        self._sticky_error = True
        return DapFault()

    def _block_bytes(self, words: int) -> int | None:
        """Length of a transfer that may be done in one piece, or None."""
        length = 4 * words
        whole = self._tar % _AUTO_INCREMENT_WRAP + length <= _AUTO_INCREMENT_WRAP
        if self._width == 4 and self._csw & 0x30 and words > 1 and whole and not self._tar & 3:
            return length
        return None

    def _read_data(self, count: int) -> list[int]:
        length = self._block_bytes(count)
        if length is not None and self._tar < _RUNNING_READS_BELOW:
            try:
                data = self._machine.memory.read(self._tar, length)
            except BusError:
                raise self._fault() from None
            self._advance(length)
            return list(struct.unpack(f"<{count}I", data))
        width = self._width
        values = []
        for _ in range(count):
            lane = 8 * (self._tar & 3 & ~(width - 1))
            values.append(self._read_memory(self._tar, width) << lane & 0xFFFFFFFF)
            self._advance(width)
        return values

    def _write_data(self, values: list[int]) -> None:
        length = self._block_bytes(len(values))
        if length is not None:
            data = struct.pack(f"<{len(values)}I", *values)
            with self._machine.paused():
                done = self._machine.debugger.write_block(self._tar, data)
            if done:
                self._advance(length)
                return
        width = self._width
        for value in values:
            lane = 8 * (self._tar & 3 & ~(width - 1))
            self._write_memory(self._tar, width, value >> lane & ((1 << 8 * width) - 1))
            self._advance(width)

    def _read_memory(self, address: int, width: int) -> int:
        if address & (width - 1):
            raise self._fault()
        if address == DHCSR and width == 4:
            return self._read_dhcsr()
        try:
            if address < _RUNNING_READS_BELOW:
                return self._machine.debugger.read(address, width)
            with self._machine.paused():
                return self._machine.debugger.read(address, width)
        except BusError:
            raise self._fault() from None

    def _read_dhcsr(self) -> int:
        """Debuggers poll this one. Waiting a little spares both sides thousands of rounds."""
        debug = self._machine.core.debug
        if debug.enabled and not debug.halted:
            debug.halt_event.wait(_HALT_WAIT_S)
        return debug.status(debugger=True)

    def _write_memory(self, address: int, width: int, value: int) -> None:
        if address & (width - 1):
            raise self._fault()
        try:
            with self._machine.paused():
                self._machine.debugger.write(address, width, value)
        except BusError:
            raise self._fault() from None

    # --- pins -------------------------------------------------------------------------------

    def reset_line(self, asserted: bool) -> None:
        """NRST."""
        with self._machine.paused():
            self._machine.set_reset_line(asserted)
