"""Faults leave a record that survives the reset, tells where, and is gone when it should be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tflm_hil.device_answers import FaultRecord
from tflm_hil.errors import TargetFault
from tflm_hil.firmware_build.build import addr2line
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.probe.session import open_session

from tests.support.edited_firmware import Edit, edited_firmware

from .conftest import Bench

UNKNOWN = 0xDEAD_DEAD
MSTKERR, STKERR = 1 << 4, 1 << 12


def provoke(bench: Bench, kind: str) -> FaultRecord:
    block = bench.load()
    bench.device.arm_fault(kind)
    with pytest.raises(TargetFault) as raised:
        list(bench.device.stream([SequenceRequest(None, block)]))
    record = raised.value.record
    assert isinstance(record, FaultRecord)
    return record


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("undefined_instruction", lambda record: record.cfsr == 1 << 16),
        ("bad_read", lambda record: record.cfsr == 1 << 15 | 1 << 9 and record.bfar == 0x3000_0000),
    ],
)
def test_the_record_names_cause_and_line(
    bench: Bench, kind: str, cause: Callable[[FaultRecord], bool]
) -> None:
    record = provoke(bench, kind)
    assert cause(record), record
    assert record.hfsr == 0, "taken as itself, not escalated"
    assert addr2line(bench.image.elf, record.pc).startswith("hil::app::FailAsArmed")
    assert "firmware/app/inference.cc" in addr2line(bench.image.elf, record.lr)
    assert 0x2000_0000 < record.sp < 0x2000_4000


def test_the_record_stays_until_it_is_cleared_and_faults_are_counted_on(bench: Bench) -> None:
    with open_session(bench.settings, "attach") as session:
        session.target.halt()
        session.target.write_core_register("pc", 0x3000_0000)  # nothing there
        session.target.resume()
    first = bench.device.hello(timeout_s=5).fault
    assert first is not None
    assert first.cfsr == 1 << 8  # IBUSERR
    assert first.pc == 0x3000_0000
    assert bench.device.reboot().fault == first
    bench.device.clear_fault()
    assert bench.device.hello().fault is None
    assert bench.device.reboot().fault is None
    assert provoke(bench, "bad_read").sequence == first.sequence + 1


def test_a_stack_overflow_is_recorded_and_the_board_answers_again(bench: Bench) -> None:
    with open_session(bench.settings, "attach") as session:
        session.target.halt()
        # 8 bytes above the bottom: the next call leaves the RAM, and so does the fault's frame.
        session.target.write_core_register("sp", 0x2000_0008)
        session.target.resume()
    bench.transport.write(b"\0")  # wakes it
    record = bench.device.hello(timeout_s=5).fault
    assert record is not None
    assert record.cfsr & (MSTKERR | STKERR)
    assert record.pc == UNKNOWN
    assert record.sp < 0x2000_0008


def test_a_record_of_another_firmware_is_not_reported(bench: Bench) -> None:
    """Its program counter would be looked up in the wrong sources."""
    provoke(bench, "bad_read")
    other = edited_firmware(Edit("app/self_test.cc", "0x30000000;", "0x30000010;"))
    assert other.build_id != bench.image.build_id
    try:
        bench.probe.flash_firmware(other.elf)
        hello = bench.device.hello()
        assert hello.build_id == other.build_id
        assert hello.fault is None
    finally:
        bench.probe.flash_firmware(bench.image.elf)
