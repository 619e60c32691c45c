"""The run thread: turns, naps, pauses, and how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from tflm_hil.emulator.run_thread import RunThread


class Core:
    """Something to run: each turn lasts until it is told to stop, or a millisecond."""

    def __init__(self, after: Callable[[int], float | None] = lambda _: 0) -> None:
        self.turns = 0
        self.failed = threading.Event()
        self._stop = threading.Event()
        self._after = after
        self.thread = RunThread(self._advance, self._set_stop, self.failed.set)

    def _set_stop(self, wanted: bool) -> None:
        if wanted:
            self._stop.set()
        else:
            self._stop.clear()

    def _advance(self) -> float | None:
        self.turns += 1
        self._stop.wait(0.001)
        return self._after(self.turns)

    def wait_for_turns(self, count: int) -> None:
        deadline = time.monotonic() + 10
        while self.turns < count:
            assert time.monotonic() < deadline
            time.sleep(0.001)


def test_it_stands_still_in_a_pause_and_goes_on_after_it() -> None:
    core = Core()
    core.thread.start()
    core.wait_for_turns(3)
    with core.thread.paused():
        before = core.turns
        time.sleep(0.02)
        assert core.turns == before
    core.wait_for_turns(before + 2)
    core.thread.close()


@pytest.mark.parametrize("nudge", ["wake", "interrupt"])
def test_one_that_has_nothing_to_do_waits_until_it_is_called(nudge: str) -> None:
    core = Core(after=lambda _: None)
    core.thread.start()
    core.wait_for_turns(1)
    time.sleep(0.02)
    assert core.turns == 1
    getattr(core.thread, nudge)()
    core.wait_for_turns(2)
    core.thread.close()


def test_a_nap_ends_by_itself() -> None:
    core = Core(after=lambda turn: 0.01 if turn < 3 else None)
    core.thread.start()
    core.wait_for_turns(3)
    core.thread.close()


def test_an_error_ends_it_and_is_kept() -> None:
    def fail(_: int) -> float:
        raise ValueError("lost")

    core = Core(after=fail)
    core.thread.start()
    assert core.failed.wait(10)
    assert isinstance(core.thread.failure, ValueError)
    core.thread.close()


def test_giving_up_ends_it_after_the_turn() -> None:
    core = Core()
    core.thread.start()
    core.wait_for_turns(1)
    core.thread.give_up(ValueError("in the middle of an access"))
    assert core.failed.wait(10)
    core.thread.close()
    assert str(core.thread.failure) == "in the middle of an access"


def test_closing_one_that_never_started() -> None:
    core = Core()
    core.thread.close()
    assert core.turns == 0
    assert not core.failed.is_set()
