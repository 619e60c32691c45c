"""Exception entry and return as a Cortex-M7 does them."""

from __future__ import annotations

from tests.support.bare_metal import MakeBoard


def test_svc_sees_its_frame_and_returns_a_value(board: MakeBoard) -> None:
    svc = board("exceptions")
    svc.run(0)
    assert svc.out(0) == 42
    frame_r0, frame_r3, number, exc_return, ipsr, alignment = svc.outs(16)[10:]
    assert (frame_r0, frame_r3, number) == (40, 0x33, 42)
    assert exc_return == 0xFFFFFFF9
    assert ipsr == 11
    assert alignment == 0


def test_interrupts_nest_by_priority_and_chain_within_it(board: MakeBoard) -> None:
    nested = board("exceptions")
    nested.run(1)
    assert nested.outs(11) == [
        0x40, 0x50,  # PendSV at once
        0x60,  # PRIMASK holds both back
        0x10, 0x20, 0x2F, 0x30, 0x1F,  # 10, preempted by 11; 12 waits for 11, then goes before 10
        0x40,  # PendSV last
        0x70, 0,
    ]  # fmt: skip


def test_process_stack_is_used_and_returned_to(board: MakeBoard) -> None:
    psp = board("exceptions")
    psp.run(2)
    _, control, psp_after, total, psp_top = psp.outs(5)
    assert total == 7
    assert control & 2
    assert 0 <= psp_top - psp_after < 64
    assert psp.out(13) == 0xFFFFFFFD


def test_fp_registers_survive_an_interrupt_that_uses_them(board: MakeBoard) -> None:
    fp = board("exceptions")
    fp.run(3)
    s0, s15, s16, fpscr, _, control_after = fp.outs(6)
    assert (s0, s15) == (0x3F800000, 0x40000000)
    assert s16 == 0x40400000  # callee-saved: by the handler itself
    assert fpscr == 0x01000000
    assert control_after & 4
    assert fp.out(8) == 0xFFFFFFE9


def test_basepri_holds_back_the_less_urgent(board: MakeBoard) -> None:
    masked = board("exceptions")
    masked.run(4)
    assert masked.outs(3) == [1, 0x30, 2]
    assert masked.outs(7)[3:6] == [0x10, 0x1F, 3]


def test_the_frame_is_aligned_to_eight_bytes(board: MakeBoard) -> None:
    misaligned = board("exceptions")
    misaligned.run(5)
    assert misaligned.out(0) == 0
    assert misaligned.out(15) == 0
    assert misaligned.out(11) == 9


def test_vtor_moves_the_vector_table(board: MakeBoard) -> None:
    moved = board("exceptions")
    moved.run(6)
    assert moved.outs(2) == [0x600D, 1]
