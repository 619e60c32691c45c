"""A few lines of debugger on top of a debug port: memory and core registers by SWD transfers."""

from __future__ import annotations

import time
from typing import Protocol

CSW, TAR, DRW = 0x0, 0x4, 0xC
DHCSR, DCRSR, DCRDR, DEMCR, DFSR = 0xE000EDF0, 0xE000EDF4, 0xE000EDF8, 0xE000EDFC, 0xE000ED30
KEY, C_DEBUGEN, C_HALT, C_STEP, C_MASKINTS = 0xA05F << 16, 1, 2, 4, 8
S_HALT, S_SLEEP, S_LOCKUP, S_RESET_ST = 1 << 17, 1 << 18, 1 << 19, 1 << 25
PC, XPSR = 15, 16


class Port(Protocol):
    """`Dap` and `DebugPortClient` of `tflm_hil.emulator.outside`."""

    def read_dp(self, address: int) -> int: ...
    def write_dp(self, address: int, value: int) -> None: ...
    def read_ap(self, address: int) -> int: ...
    def write_ap(self, address: int, value: int) -> None: ...
    def read_ap_multiple(self, address: int, count: int) -> list[int]: ...
    def write_ap_multiple(self, address: int, values: list[int]) -> None: ...


class Debugger:
    """Word accesses and run control."""

    def __init__(self, port: Port) -> None:
        self.port = port
        port.write_dp(0x4, 0x50000000)
        port.write_dp(0x8, 0)
        port.write_ap(CSW, 0x23000052)  # words, single increment

    def read(self, address: int) -> int:
        self.port.write_ap(TAR, address)
        return self.port.read_ap(DRW)

    def write(self, address: int, value: int) -> None:
        self.port.write_ap(TAR, address)
        self.port.write_ap(DRW, value)

    def read_block(self, address: int, count: int) -> list[int]:
        self.port.write_ap(TAR, address)
        return self.port.read_ap_multiple(DRW, count)

    def write_block(self, address: int, values: list[int]) -> None:
        self.port.write_ap(TAR, address)
        self.port.write_ap_multiple(DRW, values)

    def halt(self) -> None:
        self.write(DHCSR, KEY | C_DEBUGEN | C_HALT)
        self.wait_halted()

    def resume(self) -> None:
        self.write(DHCSR, KEY | C_DEBUGEN)

    def step(self, *, mask_interrupts: bool = False) -> None:
        mask = C_MASKINTS if mask_interrupts else 0
        if mask:
            self.write(DHCSR, KEY | C_DEBUGEN | C_HALT | mask)
        self.write(DHCSR, KEY | C_DEBUGEN | C_STEP | mask)
        self.wait_halted()

    def wait_halted(self, timeout_s: float = 5) -> None:
        deadline = time.monotonic() + timeout_s
        while not self.read(DHCSR) & S_HALT:
            assert time.monotonic() < deadline, "the core does not halt"

    def register(self, number: int) -> int:
        self.write(DCRSR, number)
        return self.read(DCRDR)

    def set_register(self, number: int, value: int) -> None:
        self.write(DCRDR, value)
        self.write(DCRSR, 1 << 16 | number)

    def take_dfsr(self) -> int:
        why = self.read(DFSR)
        self.write(DFSR, why)
        return why
