"""What is behind an error, line by line: registers, fault status, what became of the board."""

from __future__ import annotations

from tflm_hil.report.forensics import FaultForensics
from tflm_hil.report.records import ErrorRecord, Recovery, RecoveryRecord


def detail_lines(error: ErrorRecord) -> tuple[str, ...]:
    """Forensics: of a fault its record, of a silent board what the probe found."""
    return error.details if error.fault is None else fault_lines(error.fault)


def fault_lines(fault: FaultForensics) -> tuple[str, ...]:
    """The device's record of a fault."""
    registers = [f"r{number} {value:#010x}" for number, value in enumerate(fault.registers)]
    return (
        place_line(fault),
        f"lr {fault.call.address:#010x}  {fault.call.source}",
        f"CFSR {fault.cfsr:#010x}  HFSR {fault.hfsr:#010x}  "
        f"MMFAR {fault.mmfar:#010x}  BFAR {fault.bfar:#010x}",
        "  ".join(registers[:6]),
        "  ".join(registers[6:12]),
        f"{registers[12]}  sp {fault.sp:#010x}  xpsr {fault.xpsr:#010x}  "
        f"exc_return {fault.exc_return:#010x}",
        f"while executing the request {fault.request!r} number {fault.request_number}",
    )


def place_line(fault: FaultForensics) -> str:
    """Where in the code it happened."""
    return f"pc {fault.pc.address:#010x}  {fault.pc.source}"


def recovery_text(recovery: RecoveryRecord) -> str:
    """What became of the board; empty where it was not touched."""
    if recovery.outcome is Recovery.ANSWERS:
        return "the board was reset over its probe and answers again"
    if recovery.outcome is Recovery.GIVEN_UP:
        return f"the board does not come back and is not tried again in this run: {recovery.why}"
    return recovery.why
