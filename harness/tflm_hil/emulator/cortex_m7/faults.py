"""Faults as the core reports them: their exception, their status bits, and who stops there.

Source: DDI 0403E, B3.2.15 (CFSR), B3.2.16 (HFSR), C1.6.5 (vector catch).
"""

from __future__ import annotations

from dataclasses import dataclass

from tflm_hil.emulator.cortex_m7 import debug as dbg
from tflm_hil.emulator.cortex_m7 import nvic as exc

# CFSR bits
IACCVIOL, DACCVIOL, MUNSTKERR, MSTKERR, MMARVALID = 1 << 0, 1 << 1, 1 << 3, 1 << 4, 1 << 7
IBUSERR, PRECISERR, UNSTKERR, STKERR, BFARVALID = 1 << 8, 1 << 9, 1 << 11, 1 << 12, 1 << 15
UNDEFINSTR, INVSTATE, INVPC, NOCP, DIVBYZERO = 1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 25
# HFSR bits
VECTTBL, FORCED, DEBUGEVT = 1 << 1, 1 << 30, 1 << 31

CATCH = {
    UNDEFINSTR: dbg.VC_STATERR,
    INVSTATE: dbg.VC_STATERR,
    INVPC: dbg.VC_STATERR,
    NOCP: dbg.VC_NOCPERR,
    DIVBYZERO: dbg.VC_CHKERR,
    STKERR: dbg.VC_INTERR,
    UNSTKERR: dbg.VC_INTERR,
    MUNSTKERR: dbg.VC_INTERR,
}
"""The vector catch bit of DEMCR for a status bit."""


@dataclass(frozen=True)
class Fault:
    """A fault before it is taken: its exception, its CFSR bits, and the address if known."""

    exception: int
    status: int
    address: int | None = None

    @property
    def catch(self) -> int:
        """The vector catch bit of DEMCR that stops here."""
        by_exception = {exc.MEM_MANAGE: dbg.VC_MMERR, exc.BUS_FAULT: dbg.VC_BUSERR}
        return CATCH.get(self.status, by_exception.get(self.exception, 0))
