"""Every kind of fault: its exception, its status bits, its address and its PC."""

from __future__ import annotations

import pytest

from tests.support.bare_metal import MakeBoard
from tests.support.emulated_boards import NUCLEO

MEM_MANAGE, BUS_FAULT, USAGE_FAULT, HARD_FAULT = 4, 5, 6, 3

# case: (exception, CFSR, BFAR or None, label of the PC or None)
FAULTS = {
    "unmapped read": (0, BUS_FAULT, 0x8200, 0x60000004, "label_read"),
    "unmapped write": (1, BUS_FAULT, 0x8200, 0x2FFFFFF0, "label_write"),
    "undefined instruction": (2, USAGE_FAULT, 1 << 16, None, "label_udf"),
    "branch to an even address": (3, USAGE_FAULT, 1 << 17, None, None),
    "fetch from a peripheral": (4, MEM_MANAGE, 1, None, None),
    "fetch from nowhere": (5, BUS_FAULT, 1 << 8, None, None),
    "FP while the FPU is off": (6, USAGE_FAULT, 1 << 19, None, "label_fp"),
    "double precision": (7, USAGE_FAULT, 1 << 16, None, None),
    "absent peripheral": (9, BUS_FAULT, 0x8200, 0x40080000, None),
    "invalid EXC_RETURN": (12, USAGE_FAULT, 1 << 18, None, None),
    "division by zero": (16, USAGE_FAULT, 1 << 25, None, "label_sdiv"),
    "division by zero after many": (17, USAGE_FAULT, 1 << 25, None, "label_udiv"),
    "unprivileged access to the SCB": (14, BUS_FAULT, 0x8200, 0xE000ED08, None),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("enabled", [True, False])
def test_fault(board: MakeBoard, name: str, enabled: bool) -> None:
    case, exception, status, address, label = FAULTS[name]
    faulty = board("faults")
    faulty.run(case, argument=int(enabled))
    got_exception, cfsr, hfsr, _, bfar, pc, *_ = faulty.outs(9)
    assert got_exception == (exception if enabled else HARD_FAULT)
    assert cfsr == status
    assert hfsr == (0 if enabled else 1 << 30)  # FORCED
    if address is not None:
        assert bfar == address
    if label is not None:
        assert pc == faulty.program.symbols[label]


def test_only_the_division_by_zero_is_trapped(board: MakeBoard) -> None:
    """A thousand divisions before it in the same place have their quotients."""
    faulty = board("faults")
    faulty.run(17, argument=1)
    assert (faulty.out(10), faulty.out(11)) == (0, 1000)


def test_division_by_zero_gives_zero_where_it_is_not_trapped(board: MakeBoard) -> None:
    """Nor where the condition of its IT block does not hold; nor once the trap is off again."""
    peaceful = board("faults")
    peaceful.run(18)
    assert peaceful.outs(4) == [0, 42, 42, 0]


def test_bkpt_without_debugger_is_a_hard_fault(board: MakeBoard) -> None:
    faulty = board("faults")
    faulty.run(10, argument=1)
    assert faulty.outs(3) == [HARD_FAULT, 0, 1 << 31]  # DEBUGEVT


def test_svc_that_cannot_preempt_escalates(board: MakeBoard) -> None:
    faulty = board("faults")
    faulty.run(13, argument=1)
    assert faulty.outs(3) == [HARD_FAULT, 0, 1 << 30]


@pytest.mark.parametrize("case", [11, 15], ids=["stack overflow", "fault in NMI"])
def test_lockup(board: MakeBoard, case: int) -> None:
    faulty = board("faults")
    faulty.prepare(case)
    faulty.machine.start()
    faulty.wait(lambda: faulty.machine.core.debug.locked_up)
    assert faulty.machine.core.registers.pc == 0xFFFFFFFE


def test_blank_flash_locks_up_and_a_reset_line_still_works() -> None:
    from tflm_hil.emulator.machine import Machine

    machine = Machine(NUCLEO)
    machine.start()
    try:
        for _ in range(3):
            with machine.paused():
                machine.set_reset_line(True)
                machine.set_reset_line(False)
        deadline = 100
        while not machine.core.debug.locked_up and deadline:
            deadline -= 1
            machine.core.debug.halt_event.wait(0.01)
        assert machine.core.debug.locked_up
    finally:
        machine.close()
