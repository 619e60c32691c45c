"""An idle board slows down to the wall clock, and traffic lets it go again."""

from __future__ import annotations

from tflm_hil.emulator.idle_pace import LONGEST_NAP_S, PATIENT_TICKS, IdlePace

from tests.unit.emulator.peripherals import board


def test_it_follows_the_wall_clock_after_a_while_without_traffic() -> None:
    chip = board.running_board(cr3=1 << 12)
    pace = IdlePace(chip.port)
    assert [pace.nap_s(0.001) for _ in range(PATIENT_TICKS - 1)] == [0] * (PATIENT_TICKS - 1)
    assert pace.nap_s(0.001) == 0.001
    assert pace.nap_s(60) == LONGEST_NAP_S
    chip.feed(b"a")
    assert pace.nap_s(0.001) == 0, "a byte is on the wire"
    chip.bus.advance(1_000_000)
    assert chip.port.idle
    assert pace.nap_s(0.001) == 0, "it passed"
    for _ in range(PATIENT_TICKS):
        pace.nap_s(0.001)
    assert pace.nap_s(0.001) == 0.001
