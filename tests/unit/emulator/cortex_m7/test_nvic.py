"""Who may preempt whom."""

from __future__ import annotations

from tflm_hil.emulator.cortex_m7.nvic import FIRST_INTERRUPT, PENDSV, SYSTICK, Nvic

ISER, ICER, ISPR, ICPR, IABR, IPR = (
    0xE000E100, 0xE000E180, 0xE000E200, 0xE000E280, 0xE000E300, 0xE000E400,
)  # fmt: skip
THREAD = 256


def _nvic() -> Nvic:
    return Nvic(lambda: None)


def test_registers_set_and_clear_bits_of_their_word() -> None:
    nvic = _nvic()
    nvic.write(ISER + 4, 1 << 7, debugger=False)  # interrupt 39
    nvic.write(ISPR + 4, 1 << 7 | 1 << 8, debugger=False)
    assert nvic.read(ISER + 4, debugger=False) == nvic.read(ICER + 4, debugger=False) == 1 << 7
    assert nvic.read(ISPR, debugger=False) == 0
    assert nvic.can_preempt(THREAD) == FIRST_INTERRUPT + 39
    nvic.write(ICPR + 4, 1 << 7, debugger=False)
    assert nvic.can_preempt(THREAD) is None  # 40 is pending but not enabled


def test_only_four_priority_bits_exist() -> None:
    nvic = _nvic()
    nvic.write(IPR + 4, 0xFF4F8F01, debugger=False)
    assert nvic.read(IPR + 4, debugger=False) == 0xF0408000


def test_interrupts_beyond_the_last_do_not_exist() -> None:
    nvic = _nvic()
    nvic.write(ISER + 12, 0xFFFFFFFF, debugger=False)
    assert nvic.read(ISER + 12, debugger=False) == 0b11  # 96 and 97


def test_priority_grouping_makes_sub_priorities_wait() -> None:
    nvic = _nvic()
    nvic.priorities[SYSTICK], nvic.priorities[PENDSV] = 0x40, 0x50
    nvic.activate(PENDSV)
    nvic.pend(SYSTICK)
    assert nvic.can_preempt(nvic.active_priority()) == SYSTICK
    nvic.priority_group = 4  # bit 4 becomes sub-priority: both are in one group
    assert nvic.can_preempt(nvic.active_priority()) is None
    nvic.pend(PENDSV)
    assert nvic.most_urgent() == SYSTICK  # but among the pending the sub-priority decides


def test_equal_priorities_go_by_number() -> None:
    nvic = _nvic()
    nvic.write(ISER, 0b110, debugger=False)
    nvic.write(ISPR, 0b110, debugger=False)
    assert nvic.most_urgent() == FIRST_INTERRUPT + 1


def test_a_level_pends_again_after_its_handler_while_it_is_high() -> None:
    nvic = _nvic()
    nvic.write(ISER, 1 << 5, debugger=False)
    irq = FIRST_INTERRUPT + 5
    nvic.set_line(5, level=True)
    nvic.activate(irq)
    assert nvic.most_urgent() is None
    nvic.deactivate(irq)
    assert nvic.most_urgent() == irq
    nvic.activate(irq)
    nvic.set_line(5, level=False)
    nvic.deactivate(irq)
    assert nvic.most_urgent() is None


def test_a_high_line_cannot_be_unpended_and_a_fallen_one_stays_pending() -> None:
    nvic = _nvic()
    nvic.write(ISER, 1 << 5, debugger=False)
    nvic.set_line(5, level=True)
    nvic.write(ICPR, 1 << 5, debugger=False)
    assert nvic.most_urgent() == FIRST_INTERRUPT + 5
    nvic.set_line(5, level=False)
    assert nvic.most_urgent() == FIRST_INTERRUPT + 5
    nvic.write(ICPR, 1 << 5, debugger=False)
    assert nvic.most_urgent() is None


def test_mask_registers_boost_the_execution_priority() -> None:
    nvic = _nvic()
    boosts = {
        (0, 0, 0): 256,
        (1, 0, 0): 0,
        (0, 1, 0): -1,
        (0, 0, 0x60): 0x60,
        (1, 1, 0x60): -1,
    }
    for (primask, faultmask, basepri), priority in boosts.items():
        got = nvic.execution_priority(primask=primask, faultmask=faultmask, basepri=basepri)
        assert got == priority


def test_stir_pends_by_number() -> None:
    nvic = _nvic()
    nvic.write(0xE000EF00, 33, debugger=False)
    assert nvic.read(ISPR + 4, debugger=False) == 1 << 1
