from dataclasses import replace

import pytest
from tflm_hil.bench import forensics
from tflm_hil.device_answers import FaultRecord
from tflm_hil.errors import CorruptModel, LinkTimeout, TargetFault
from tflm_hil.report.forensics import CodePlace

RECORD = FaultRecord(
    sequence=1,
    r=tuple(range(0x10, 0x1D)),
    sp=0x20003D30,
    lr=0x080032AB,
    pc=0x0800117A,
    xpsr=0x61000000,
    exc_return=0xFFFFFFF9,
    cfsr=1 << 9 | 1 << 15,
    hfsr=1 << 30,
    mmfar=0x1111,
    bfar=0x30000000,
    dfsr=0,
    request_name="sequence",
    request_seq=5,
)


def test_cause_names_the_fault_and_the_address() -> None:
    assert "PRECISERR" in forensics.cause(RECORD)
    assert "at address 0x30000000" in forensics.cause(RECORD)


@pytest.mark.parametrize(
    ("cfsr", "address"),
    [(1 << 1 | 1 << 7, 0x1111), (1 << 9 | 1 << 15, 0x30000000), (1 << 10, None), (0, None)],
)
def test_address_only_where_the_core_says_that_it_is_valid(cfsr: int, address: int | None) -> None:
    assert forensics.fault_address(replace(RECORD, cfsr=cfsr)) == address


def test_hard_fault_without_details_is_explained_by_hfsr() -> None:
    assert "VECTTBL" in forensics.cause(replace(RECORD, cfsr=0, hfsr=1 << 1))
    assert "no cause" in forensics.cause(replace(RECORD, cfsr=0, hfsr=0))


def test_every_register_is_kept_with_the_source_lines() -> None:
    asked = []

    def source_line(address: int) -> str:
        asked.append(address)
        return f"line of {address:#x}"

    fault = forensics.fault_forensics(RECORD, source_line)
    assert fault.pc == CodePlace(0x0800117A, "line of 0x800117a")
    # lr points behind the call: the line wanted is that of the call
    assert fault.call == CodePlace(0x080032AB, "line of 0x80032a8")
    assert asked == [0x0800117A, 0x080032A8]
    assert (fault.registers, fault.sp, fault.xpsr) == (RECORD.r, RECORD.sp, RECORD.xpsr)
    assert (fault.cfsr, fault.hfsr, fault.bfar) == (RECORD.cfsr, RECORD.hfsr, RECORD.bfar)
    assert (fault.address, fault.request, fault.request_number) == (0x30000000, "sequence", 5)


def test_silent_board_gets_a_post_mortem_and_a_refusal_does_not() -> None:
    def look() -> tuple[str, ...]:
        return ("core was asleep",)

    silent = forensics.examine(LinkTimeout("silence", remedy="reset it"), str, look)
    assert (silent.type, silent.details, silent.remedy) == (
        "LinkTimeout",
        ("core was asleep",),
        "reset it",
    )
    assert forensics.examine(CorruptModel("damaged"), str, look).details == ()


def test_fault_is_told_with_cause_and_place() -> None:
    record = forensics.examine(TargetFault("it faulted", record=RECORD), str, tuple)
    assert record.sentence.startswith("it faulted: PRECISERR")
    assert record.fault is not None
    assert record.fault.pc.address == RECORD.pc
    assert record.details == ()
