"""Who may touch the core: the thread that runs it, or one that wants it to stand still.

A plain lock is not enough: the run thread takes it again at once, and a waiter would starve. So
waiters are counted, and the run thread stands aside while there are any.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class RunLock:
    """`stop` is called to make the running core stop soon, from any thread."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._gate = threading.Condition()
        self._waiters = 0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Any thread: the core stands still in here."""
        with self._gate:
            self._waiters += 1
        self._stop()
        with self._lock:
            try:
                yield
            finally:
                with self._gate:
                    self._waiters -= 1
                    self._gate.notify_all()

    @contextmanager
    def running(self) -> Iterator[None]:
        """The run thread: nobody else touches the core in here."""
        with self._gate:
            self._gate.wait_for(lambda: self._waiters == 0)
        with self._lock:
            yield

    @property
    def contended(self) -> bool:
        """Somebody waits for the run thread to stand aside."""
        return self._waiters > 0
