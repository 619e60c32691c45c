"""The record of a fault: what the core and the firmware wrote down when it happened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CodePlace:
    """An address in the code, with function, file and line where the ELF knows them."""

    address: int
    source: str


@dataclass(frozen=True)
class FaultForensics:
    """Registers of the interrupted code and the fault status (Armv7-M ARM, B1.5.6 and B3.2.15).

    `call` is the link register, with the source of the call before it. `address` is what the
    faulting access wanted to reach, None where the core does not know it. `request` is the name of
    the message that was being executed, with its number on the link.
    """

    pc: CodePlace
    call: CodePlace
    registers: tuple[int, ...]  # r0 to r12
    sp: int
    xpsr: int
    exc_return: int
    cfsr: int
    hfsr: int
    mmfar: int
    bfar: int
    address: int | None
    request: str
    request_number: int
