"""What the MPU forbids faults as on silicon."""

from __future__ import annotations

import pytest

from tests.support.bare_metal import MakeBoard

MEM_MANAGE, HARD_FAULT = 4, 3
IACCVIOL, DACCVIOL, MSTKERR, MMARVALID = 1, 2, 1 << 4, 1 << 7


@pytest.mark.parametrize(
    ("case", "status", "address"),
    [
        (0, DACCVIOL | MMARVALID, 0x10),
        (3, DACCVIOL | MMARVALID, 0x2000A004),
        (4, IACCVIOL, None),
    ],
    ids=["null pointer", "read-only", "execute never"],
)
def test_a_forbidden_access_is_a_mem_manage_fault(
    board: MakeBoard, case: int, status: int, address: int | None
) -> None:
    guarded = board("protection")
    guarded.run(case, argument=1)
    exception, cfsr, mmfar, *_ = guarded.outs(4)
    assert (exception, cfsr) == (MEM_MANAGE, status)
    if address is not None:
        assert mmfar == address


def test_a_hard_fault_handler_runs_without_the_mpu(board: MakeBoard) -> None:
    guarded = board("protection")
    guarded.run(0)  # MemManage is not enabled: escalates, and the handler reads address 0
    assert guarded.outs(2) == [HARD_FAULT, DACCVIOL | MMARVALID]
    assert guarded.out(4) == 1


def test_a_push_into_the_guard_is_found_with_its_address(board: MakeBoard) -> None:
    guarded = board("protection")
    guarded.prepare(1, argument=1)
    guarded.machine.start()
    scb = guarded.machine.core.scb
    guarded.wait(lambda: bool(scb.cfsr & DACCVIOL))
    assert 0x20007C00 <= scb[0xE000ED34] < 0x20008000


def test_stacking_into_the_guard_is_told_apart(board: MakeBoard) -> None:
    guarded = board("protection")
    guarded.prepare(2, argument=1)
    guarded.machine.start()
    guarded.wait(lambda: bool(guarded.machine.core.scb.cfsr))
    assert guarded.machine.core.scb.cfsr & MSTKERR


def test_without_the_mpu_everything_is_allowed_again(board: MakeBoard) -> None:
    guarded = board("protection")
    guarded.run(5)
    assert guarded.out(12) == 0x600D
