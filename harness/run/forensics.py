"""A fault record in words: what kind of fault, where in the source, with which registers.

Status bits: Armv7-M Architecture Reference Manual, B3.2.15 (CFSR) and B3.2.16 (HFSR).
"""

from __future__ import annotations

from collections.abc import Callable

from harness.link.messages import FaultRecord

# bit → (name, meaning)
CFSR_BITS = {
    0: ("IACCVIOL", "execution from a region that forbids it"),
    1: ("DACCVIOL", "data access that the MPU forbids"),
    3: ("MUNSTKERR", "MPU fault on exception return"),
    4: ("MSTKERR", "MPU fault on exception entry"),
    5: ("MLSPERR", "MPU fault while saving floating-point state"),
    7: ("MMARVALID", ""),
    8: ("IBUSERR", "instruction fetch from an address where nothing answers"),
    9: ("PRECISERR", "data access to an address where nothing answers"),
    10: ("IMPRECISERR", "an earlier, buffered store to an address where nothing answers"),
    11: ("UNSTKERR", "bus fault on exception return"),
    12: ("STKERR", "bus fault on exception entry: the stack pointer is bad"),
    13: ("LSPERR", "bus fault while saving floating-point state"),
    15: ("BFARVALID", ""),
    16: ("UNDEFINSTR", "undefined instruction"),
    17: ("INVSTATE", "branch to an address without the Thumb bit"),
    18: ("INVPC", "bad exception return"),
    19: ("NOCP", "floating-point instruction while the FPU is off"),
    24: ("UNALIGNED", "unaligned access"),
    25: ("DIVBYZERO", "division by zero"),
}
HFSR_BITS = {
    1: ("VECTTBL", "the vector table could not be read"),
    30: ("FORCED", ""),  # escalated: CFSR says why
    31: ("DEBUGEVT", "breakpoint instruction without a debugger"),
}
MMARVALID, BFARVALID = 1 << 7, 1 << 15


def cause(record: FaultRecord) -> str:
    """The fault in a few words, with the faulting address where the core knows it."""
    meanings = [
        meaning
        for value, bits in ((record.cfsr, CFSR_BITS), (record.hfsr, HFSR_BITS))
        for bit, (_, meaning) in bits.items()
        if value >> bit & 1 and meaning
    ]
    text = ", ".join(meanings) or "no cause in the fault status"
    if record.cfsr & BFARVALID:
        return f"{text} ({record.bfar:#010x})"
    if record.cfsr & MMARVALID:
        return f"{text} ({record.mmfar:#010x})"
    return text


def details(record: FaultRecord, source_line: Callable[[int], str]) -> tuple[str, ...]:
    """The record line by line; `source_line(address)` names function, file and line."""
    status = [f"HFSR {record.hfsr:#010x}{_names(record.hfsr, HFSR_BITS)}"]
    status.append(f"CFSR {record.cfsr:#010x}{_names(record.cfsr, CFSR_BITS)}")
    if record.cfsr & BFARVALID:
        status.append(f"BFAR {record.bfar:#010x}")
    if record.cfsr & MMARVALID:
        status.append(f"MMFAR {record.mmfar:#010x}")
    registers = [f"r{number} {value:#010x}" for number, value in enumerate(record.r)]
    return (
        f"pc {record.pc:#010x}  {source_line(record.pc)}",
        # lr points behind the call, with the Thumb bit: the call is before it
        f"lr {record.lr:#010x}  {source_line((record.lr & ~1) - 2)}",
        "  ".join(status),
        "  ".join(registers[:7]),
        "  ".join([*registers[7:], f"sp {record.sp:#010x}", f"xpsr {record.xpsr:#010x}"]),
        f"while executing the request {record.request_name!r} number {record.request_seq}",
    )


def _names(value: int, bits: dict[int, tuple[str, str]]) -> str:
    names = [name for bit, (name, _) in bits.items() if value >> bit & 1]
    return f" ({' '.join(names)})" if names else ""
