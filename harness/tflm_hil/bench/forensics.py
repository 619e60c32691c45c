"""What is behind an error of the board: kind of fault, place in the source, registers."""

from __future__ import annotations

from collections.abc import Callable

from tflm_hil.device_answers import FaultRecord
from tflm_hil.errors import HilError, LinkTimeout, TargetFault
from tflm_hil.probe.post_mortem import CFSR_BITS, HFSR_BITS, decode
from tflm_hil.report.forensics import CodePlace, FaultForensics
from tflm_hil.report.records import ErrorRecord

# CFSR says whether the address registers beside it hold the address (Armv7-M ARM, B3.2.15).
MMARVALID, BFARVALID = 1 << 7, 1 << 15


def examine(
    error: HilError,
    source_line: Callable[[int], str],
    post_mortem: Callable[[], tuple[str, ...]],
) -> ErrorRecord:
    """The error for the report: with the fault record that came with it, or, of a board that is
    silent, with what `post_mortem` finds.
    """
    kind = type(error).__name__
    if isinstance(error, TargetFault):
        sentence = f"{error.what}: {cause(error.record)}"
        fault = fault_forensics(error.record, source_line)
        return ErrorRecord(kind, sentence, error.remedy, fault=fault)
    details = post_mortem() if isinstance(error, LinkTimeout) else ()
    return ErrorRecord(kind, error.what, error.remedy, details)


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


def fault_forensics(record: FaultRecord, source_line: Callable[[int], str]) -> FaultForensics:
    """The device's record for the report; `source_line(address)` names function, file and line."""
    return FaultForensics(
        pc=CodePlace(record.pc, source_line(record.pc)),
        # lr points behind the call, with the Thumb bit: the call is before it
        call=CodePlace(record.lr, source_line((record.lr & ~1) - 2)),
        registers=record.r,
        sp=record.sp,
        xpsr=record.xpsr,
        exc_return=record.exc_return,
        cfsr=record.cfsr,
        hfsr=record.hfsr,
        mmfar=record.mmfar,
        bfar=record.bfar,
        address=fault_address(record),
        request=record.request_name,
        request_number=record.request_seq,
    )
