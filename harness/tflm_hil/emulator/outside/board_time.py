"""An emulated board's time, for those who wait for the board.

The board's process writes it into a file of one page, `TimeKeeper`; any other process reads it
there, `BoardTime`, at the cost of a memory access.

It is the core's virtual time, and goes on while the core has nothing to do: then it follows the
wall clock, in small steps that the board's process makes itself, each after a look for bytes of
the host. So it stands still as long as that process gets no processor time, and while bytes wait
that the board has not seen: nobody who is patient in this time mistakes a busy machine for a
silent board.

A core whose code is short, on a line that is slow, is ahead of the wall clock. Whoever waits is not
to be hurried by that: for it, the board's time goes no faster than the wall clock does.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tflm_hil.emulator.outside import registry
from tflm_hil.errors import EmulatorError

STEP_S = 0.05
"""How often the time is written [s]; also the longest step of an idle board's time."""
_LIFE_CHECK_S = 2.0
STANDSTILL_S = 120.0
"""Wall time without a step after which a board whose process lives counts as stopped [s]."""


class TimeKeeper:
    """Writes the time of a board into `path`, on a thread of its own.

    `virtual_s()` is the core's time [s], `idle()` whether it waits for something from outside;
    `look()` fetches what the host has sent.
    """

    def __init__(
        self,
        path: Path,
        *,
        virtual_s: Callable[[], float],
        idle: Callable[[], bool],
        look: Callable[[], None],
    ) -> None:
        self._virtual_s, self._idle, self._look = virtual_s, idle, look
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.ftruncate(fd, mmap.PAGESIZE)
            self._page = mmap.mmap(fd, mmap.PAGESIZE)
        finally:
            os.close(fd)
        self._seconds = memoryview(self._page).cast("d")  # aligned: written in one piece
        self._last_virtual_s = virtual_s()
        self._last_wall_s = time.monotonic()
        self._quit = threading.Event()
        self._thread = threading.Thread(target=self._run, name="time", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """The time ends."""
        self._quit.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._seconds.release()
        self._page.close()

    def step(self) -> None:
        """Write the time as it is now."""
        self._look()
        wall_s, virtual_s = time.monotonic(), self._virtual_s()
        passed_s = virtual_s - self._last_virtual_s
        if self._idle():
            passed_s = max(passed_s, min(wall_s - self._last_wall_s, STEP_S))
        self._seconds[0] += max(0.0, passed_s)
        self._last_wall_s, self._last_virtual_s = wall_s, virtual_s

    def _run(self) -> None:
        while not self._quit.wait(STEP_S):
            self.step()


class _SlowerOfTwo:
    """Adds up time that has passed by the board and by the wall clock.

    The board's comes in steps, so what either is ahead is kept for a step, and no longer: a board
    that was fast has nothing in hand for when it stops.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self._board_s = self._wall_s = 0.0  # ahead

    def after(self, board_s: float, wall_s: float) -> float:
        """The time [s] when so much more has passed by each of them [s]."""
        self._board_s += board_s
        self._wall_s += wall_s
        passed_s = min(self._board_s, self._wall_s)
        self._now_s += passed_s
        self._board_s = min(self._board_s - passed_s, STEP_S)
        self._wall_s = min(self._wall_s - passed_s, 2 * STEP_S)
        return self._now_s


class BoardTime:
    """`tflm_hil.link.clock.Clock` of the running emulated board `uid`.

    Raises EmulatorError if there is none.
    """

    def __init__(self, uid: str) -> None:
        self._uid = uid
        try:
            fd = os.open(registry.time_path(uid), os.O_RDONLY)
            try:
                self._page = mmap.mmap(fd, mmap.PAGESIZE, access=mmap.ACCESS_READ)
            finally:
                os.close(fd)
        except (OSError, ValueError) as error:
            raise EmulatorError(
                f"the emulated board {uid} does not tell its time: {error}",
                remedy="start it again with this version; `hil boards` shows what runs",
            ) from error
        self._seconds = memoryview(self._page).cast("d")
        self._last_s = self._seconds[0]
        self._moved_at = self._checked_at = self._looked_at = time.monotonic()
        self._slower = _SlowerOfTwo()

    def now(self) -> float:
        """See `Clock`. Raises EmulatorError if the process has ended or stands still for long."""
        seconds, wall_s = self._seconds[0], time.monotonic()
        now = self._slower.after(seconds - self._last_s, wall_s - self._looked_at)
        self._looked_at = wall_s
        if seconds != self._last_s:
            self._last_s, self._moved_at = seconds, wall_s
        elif wall_s - max(self._moved_at, self._checked_at) > _LIFE_CHECK_S:
            self._checked_at = wall_s
            self._check_life(wall_s - self._moved_at)
        return now

    def wall_s(self, left_s: float) -> float:
        """See `Clock`: the time moves in steps, so look once in each."""
        return min(max(0.0, left_s), STEP_S)

    def _check_life(self, still_s: float) -> None:
        if not registry.is_alive(self._uid):
            raise EmulatorError(
                f"the process of the emulated board {self._uid} has ended while it was in use",
                remedy="look for who stopped it, or why it died; the next run starts a new one",
                board=self._uid,
            )
        if still_s > STANDSTILL_S:
            raise EmulatorError(
                f"the time of the emulated board {self._uid} has stood still for {still_s:.0f} s: "
                "its process lives, but does not run",
                remedy="let it go on with `kill -CONT` if it was stopped, or give the machine "
                "less to do",
                board=self._uid,
            )
