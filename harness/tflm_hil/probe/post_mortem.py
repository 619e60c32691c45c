"""What a hung or faulted core can still tell over SWD, when it no longer answers on the link.

The firmware's own fault record (in HELLO) is better when there is one; this is for a board that
locked up, hangs with interrupts masked, or never came as far as its fault handler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

Addr2Line = Callable[[int], str]

REGISTERS = (*(f"r{n}" for n in range(13)), "sp", "lr", "pc", "xpsr", "msp", "psp")

# ARMv7-M Architecture Reference Manual, B3.2.15 to B3.2.18.
_CFSR, _HFSR, _DFSR, _MMFAR, _BFAR = 0xE000ED28, 0xE000ED2C, 0xE000ED30, 0xE000ED34, 0xE000ED38
_DHCSR = 0xE000EDF0
_EXC_RETURN_LOWEST = 0xFFFFFFE0
_S_LOCKUP = 1 << 19
_S_SLEEP = 1 << 18

CFSR_BITS: Mapping[int, str] = {
    0: "IACCVIOL: instruction fetch from a forbidden address",
    1: "DACCVIOL: data access to a forbidden address",
    3: "MUNSTKERR: memory fault while returning from an exception",
    4: "MSTKERR: memory fault while entering an exception (stack overflow?)",
    5: "MLSPERR: memory fault while saving FPU state",
    8: "IBUSERR: bus error at an instruction fetch",
    9: "PRECISERR: bus error at a data access; PC is exact",
    10: "IMPRECISERR: bus error at an earlier store; PC is later than the cause",
    11: "UNSTKERR: bus error while returning from an exception",
    12: "STKERR: bus error while entering an exception (stack overflow?)",
    13: "LSPERR: bus error while saving FPU state",
    16: "UNDEFINSTR: undefined instruction",
    17: "INVSTATE: jump to an address without the Thumb bit",
    18: "INVPC: invalid return from an exception",
    19: "NOCP: FPU instruction while the FPU is off",
    24: "UNALIGNED: unaligned access where the core does not allow one",
    25: "DIVBYZERO: division by zero",
}
HFSR_BITS: Mapping[int, str] = {
    1: "VECTTBL: bus error while reading the vector table",
    30: "FORCED: a fault that had no handler of its own",
    31: "DEBUGEVT: breakpoint without a debugger",
}
_MMARVALID, _BFARVALID = 1 << 7, 1 << 15


@dataclass(frozen=True)
class PostMortem:
    """The halted core. `stacked_pc` is where the interrupted code was, if in an exception."""

    registers: Mapping[str, int]
    cfsr: int
    hfsr: int
    dfsr: int
    fault_address: int | None
    locked_up: bool
    asleep: bool
    stacked_pc: int | None
    stacked_lr: int | None
    lines: Mapping[int, str]

    @property
    def causes(self) -> tuple[str, ...]:
        """The fault status bits in words."""
        return decode(self.cfsr, CFSR_BITS) + decode(self.hfsr, HFSR_BITS)

    @property
    def exception(self) -> int:
        """Number of the exception being handled, 0 in thread mode (xPSR.IPSR)."""
        return self.registers["xpsr"] & 0x1FF

    def __str__(self) -> str:
        state = "locked up" if self.locked_up else "asleep in WFI" if self.asleep else "running"
        lines = [f"core was {state}" + (f", in exception {self.exception}" * bool(self.exception))]
        lines += self.causes
        if self.fault_address is not None:
            lines.append(f"fault address {self.fault_address:#010x}")
        places = {"pc": self.registers["pc"], "lr": self.registers["lr"]}
        if self.stacked_pc is not None and self.stacked_lr is not None:
            places |= {"stacked pc": self.stacked_pc, "stacked lr": self.stacked_lr}
        lines += [f"{name} {value:#010x} {self.lines.get(value, '')}".rstrip()
                  for name, value in places.items()]  # fmt: skip
        names = [name for name in REGISTERS if name not in places]
        for start in range(0, len(names), 4):
            row = names[start : start + 4]
            lines.append("  ".join(f"{name:>4} {self.registers[name]:08x}" for name in row))
        return "\n".join(lines)


def decode(value: int, bits: Mapping[int, str]) -> tuple[str, ...]:
    """The texts of the bits that are set."""
    return tuple(text for bit, text in bits.items() if value >> bit & 1)


def collect(session: Any, addr2line: Addr2Line | None = None) -> PostMortem:
    """Halt the core and read what it can tell. It stays halted until the session closes."""
    target = session.target
    # Halting clears both, so they are looked at first.
    status = target.read32(_DHCSR)
    target.halt()
    values = target.read_core_registers_raw(list(REGISTERS))
    registers = dict(zip(REGISTERS, (value & 0xFFFFFFFF for value in values), strict=True))
    cfsr = target.read32(_CFSR)
    stacked_pc, stacked_lr = _stacked(target, registers)
    lines = {}
    if addr2line is not None:
        places = [registers["pc"], stacked_pc]
        # A link register points behind the call (with the Thumb bit): the call is before it.
        calls = [registers["lr"], stacked_lr]
        lines = {pc: addr2line(pc & ~1) for pc in places if _is_code(pc)}
        lines |= {lr: addr2line((lr & ~1) - 2) for lr in calls if _is_code(lr)}
    return PostMortem(
        registers=registers,
        cfsr=cfsr,
        hfsr=target.read32(_HFSR),
        dfsr=target.read32(_DFSR),
        fault_address=_fault_address(target, cfsr),
        locked_up=bool(status & _S_LOCKUP),
        asleep=bool(status & _S_SLEEP),
        stacked_pc=stacked_pc,
        stacked_lr=stacked_lr,
        lines=lines,
    )


def _is_code(address: int | None) -> TypeGuard[int]:
    return address is not None and address < _EXC_RETURN_LOWEST


def _fault_address(target: Any, cfsr: int) -> int | None:
    if cfsr & _MMARVALID:
        return int(target.read32(_MMFAR))
    if cfsr & _BFARVALID:
        return int(target.read32(_BFAR))
    return None


def _stacked(target: Any, registers: Mapping[str, int]) -> tuple[int | None, int | None]:
    """PC and LR of the interrupted code: words 6 and 5 of the exception frame (B1.5.6)."""
    from pyocd.core import exceptions

    exc_return = registers["lr"]
    if not registers["xpsr"] & 0x1FF or exc_return < _EXC_RETURN_LOWEST:
        return None, None
    frame = registers["psp"] if exc_return & 4 else registers["msp"]
    try:
        lr, pc = target.read_memory_block32(frame + 20, 2)
    except exceptions.TransferError:
        return None, None  # a stack pointer that ran out of RAM is itself the finding
    return pc, lr
