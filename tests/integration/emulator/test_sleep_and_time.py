"""WFI, WFE, SysTick, the cycle counter and resets on virtual time."""

from __future__ import annotations

from tests.support.bare_metal import MakeBoard


def test_ten_ticks_take_ten_periods_of_virtual_time(board: MakeBoard) -> None:
    sleeper = board("sleep")
    sleeper.run(0)
    assert sleeper.out(0) == 10
    cycles = sleeper.machine.cycles
    assert 160_000 <= cycles < 162_000
    assert sleeper.machine.sleep_cycles > 150_000


def test_wfi_ends_with_a_pending_interrupt_although_primask_is_set(board: MakeBoard) -> None:
    sleeper = board("sleep")
    sleeper.run(1)
    assert sleeper.outs(2) == [0, 3]  # no handler ran, three wake-ups


def test_sev_and_an_interrupt_end_wfe(board: MakeBoard) -> None:
    sleeper = board("sleep")
    sleeper.run(2)
    assert sleeper.outs(3) == [1, 1, 1]


def test_cycle_counter_needs_its_key_counts_instructions_and_stops_in_sleep(
    board: MakeBoard,
) -> None:
    sleeper = board("sleep")
    sleeper.run(3)
    locked, loop, sleep = sleeper.outs(3)
    assert locked == 0
    assert "dwt-locked" in sleeper.rules()
    assert 2000 <= loop <= 2030
    assert sleep < 100


def test_self_reset_starts_anew_and_is_told_as_software_reset(board: MakeBoard) -> None:
    resetting = board("sleep")
    resetting.machine.memory.write(0x20000000 + 4 * 62, bytes(4))
    resetting.run(4)
    assert resetting.outs(4)[1:] == [1, 2, 3]
    assert resetting.out(10) >> 28 & 1  # SFTRSTF


def test_sleep_on_exit_returns_into_sleep(board: MakeBoard) -> None:
    sleeper = board("sleep")
    sleeper.prepare(5)
    sleeper.machine.start()
    ticks = sleeper.program.symbols["ticks"]
    sleeper.wait(lambda: sleeper.word(ticks) >= 20)
    assert sleeper.out(0) == 0


def test_count_flag_clears_on_read(board: MakeBoard) -> None:
    counting = board("sleep")
    counting.run(6)
    polls, flag, in_range = counting.outs(3)
    assert 100 <= polls <= 500
    assert (flag, in_range) == (0, 1)


def test_an_idle_board_costs_no_processor_time(board: MakeBoard) -> None:
    import time

    idle = board("sleep")
    idle.run(0)
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.1
