"""The thread that runs the core, and how any other thread makes it stand still.

One thread runs the core. Whoever else wants to touch anything takes `paused()`, which asks the core
to stop at its next block and holds it there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tflm_hil.emulator.run_lock import RunLock


class RunThread:
    """Calls `advance` again and again, each time for as far as the core goes by itself.

    `advance` returns how long there is nothing to do unless `wake` is called [s]: 0 none at all,
    None for ever. `set_stop(True)` asks a core that runs to stop soon, from any thread; the thread
    takes it back before each turn. `on_failure` is called on the thread when it ends by an error
    of the emulator itself, which is in `failure` then.
    """

    def __init__(
        self,
        advance: Callable[[], float | None],
        set_stop: Callable[[bool], None],
        on_failure: Callable[[], None],
    ) -> None:
        self.failure: BaseException | None = None
        self._advance = advance
        self._set_stop = set_stop
        self._on_failure = on_failure
        self._lock = RunLock(self._stop_core)
        self._wake = threading.Event()
        self._quit = False
        self.waiting = False  # for ever, or until firmware that only polls looks again
        self._thread = threading.Thread(target=self._run, name="core", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End the thread and wait for it. A core that runs when Python exits would crash it."""
        self._quit = True
        self.interrupt()
        if self._thread.ident is not None:
            self._thread.join()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Any thread: the core stands still in here."""
        with self._lock.paused():
            yield

    def wake(self) -> None:
        """Something changed that a waiting thread must look at."""
        self._wake.set()

    def interrupt(self) -> None:
        """Something changed that must be looked at now, even if the core runs."""
        self._stop_core()
        self._wake.set()

    def give_up(self, error: Exception) -> None:
        """End the thread at the next block because of `error`, where nothing may be raised."""
        self.failure = error
        self._quit = True
        self._stop_core()

    def _stop_core(self) -> None:
        self._set_stop(True)

    def _run(self) -> None:
        try:
            self._run_until_closed()
        except Exception as error:
            self.failure = error
        if self.failure is not None:
            self._on_failure()

    def _run_until_closed(self) -> None:
        while not self._quit:
            self._wake.clear()
            with self._lock.running():
                self._set_stop(False)
                if self._lock.contended or self._quit:  # came before, and its stop is lost
                    continue
                nap_s = self._advance()
            if nap_s != 0:
                self.waiting = True
                self._wake.wait(nap_s)
                self.waiting = False
