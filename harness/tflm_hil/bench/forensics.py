"""What is behind an error of the board: kind of fault, place in the source, registers."""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.device_answers import FaultRecord
from tflm_hil.errors import HilError, LinkTimeout, TargetFault
from tflm_hil.probe.post_mortem import CFSR_BITS, HFSR_BITS, decode
from tflm_hil.report.records import ErrorRecord

# CFSR says whether the address registers beside it hold the address (Armv7-M ARM, B3.2.15).
MMARVALID, BFARVALID = 1 << 7, 1 << 15


def examine(
    error: HilError,
    source_line: Callable[[int], str],
    post_mortem: Callable[[], tuple[str, ...]],
) -> ErrorRecord:
    """The error for the report: with the fault record that came with it, or, of a board that is
    silent, with what `post_mortem` finds."""
    sentence = error.what
    lines: tuple[str, ...] = ()
    if isinstance(error, TargetFault):
        sentence = f"{error.what}: {cause(error.record)}"
        lines = details(error.record, source_line)
    elif isinstance(error, LinkTimeout):
        lines = post_mortem()
    return ErrorRecord(type(error).__name__, sentence, error.remedy, lines)


def cause(record: FaultRecord) -> str:
    """The fault in a few words, with the faulting address where the core knows it."""
    causes = decode(record.cfsr, CFSR_BITS) or decode(record.hfsr, HFSR_BITS)
    text = ", ".join(causes) or "no cause in the fault status"
    address = fault_address(record)
    return text if address is None else f"{text}, at address {address:#010x}"


def fault_address(record: FaultRecord) -> int | None:
    """What the faulting access wanted to reach, if the core knows it."""
    if record.cfsr & BFARVALID:
        return record.bfar
    if record.cfsr & MMARVALID:
        return record.mmfar
    return None


def details(record: FaultRecord, source_line: Callable[[int], str]) -> tuple[str, ...]:
    """The record line by line; `source_line(address)` names function, file and line."""
    registers = [f"r{number} {value:#010x}" for number, value in enumerate(record.r)]
    return (
        f"pc {record.pc:#010x}  {source_line(record.pc)}",
        # lr points behind the call, with the Thumb bit: the call is before it
        f"lr {record.lr:#010x}  {source_line((record.lr & ~1) - 2)}",
        f"CFSR {record.cfsr:#010x}  HFSR {record.hfsr:#010x}  "
        f"MMFAR {record.mmfar:#010x}  BFAR {record.bfar:#010x}",
        "  ".join(registers[:6]),
        "  ".join(registers[6:12]),
        f"{registers[12]}  sp {record.sp:#010x}  xpsr {record.xpsr:#010x}  "
        f"exc_return {record.exc_return:#010x}",
        f"while executing the request {record.request_name!r} number {record.request_seq}",
    )
