"""Events on virtual time."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from tflm_hil.emulator.scheduler import Scheduler


def test_events_run_when_due_in_order_of_time_then_of_scheduling() -> None:
    scheduler = Scheduler()
    ran: list[str] = []
    scheduler.schedule(20, lambda: ran.append("late"))
    scheduler.schedule(10, lambda: ran.append("first"))
    scheduler.schedule(10, lambda: ran.append("second"))
    assert not scheduler.run_due(9)
    assert scheduler.run_due(10)
    assert ran == ["first", "second"]
    assert scheduler.next_cycles() == 20


def test_a_cancelled_event_neither_runs_nor_is_waited_for() -> None:
    scheduler = Scheduler()
    event = scheduler.schedule(10, lambda: (_ for _ in ()).throw(AssertionError))
    event.cancel()
    event.cancel()
    assert scheduler.next_cycles() is None
    assert not scheduler.run_due(100)


def test_an_event_may_schedule_another_that_is_due_at_once() -> None:
    scheduler = Scheduler()
    ran: list[int] = []

    def first() -> None:
        scheduler.schedule(3, lambda: ran.append(3))

    scheduler.schedule(5, first)
    scheduler.run_due(5)
    assert ran == [3]


@given(st.lists(st.integers(0, 1000)), st.integers(0, 1000))
def test_exactly_the_due_ones_run_in_order(times: list[int], now: int) -> None:
    scheduler = Scheduler()
    ran: list[int] = []
    for at in times:
        scheduler.schedule(at, partial(ran.append, at))
    scheduler.run_due(now)
    assert ran == sorted(at for at in times if at <= now)
