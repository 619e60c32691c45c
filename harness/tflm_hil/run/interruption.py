"""A run that is asked to end, by Ctrl-C or SIGTERM, ends in order: with a report.

    with asked_to_end() as asked:
        try:
            …                                   # KeyboardInterrupt, whichever signal it was
        except KeyboardInterrupt:
            run.finish(interrupted=asked.by)

The workers are ended at once: threads that wait for them would hold the run up for minutes.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tflm_hil import worker
from tflm_hil.report.resumption import Interruption

_SIGNALS = {
    signal.SIGINT: Interruption.KEYBOARD,
    signal.SIGTERM: Interruption.TERMINATED,
}


class Asked:
    """`by` says what a KeyboardInterrupt came of."""

    def __init__(self) -> None:
        self.by = Interruption.KEYBOARD
        self._before: dict[signal.Signals, object] = {}

    def listen(self) -> None:
        """From now on; in another thread than the main one Python knows no signals.

        A signal that somebody else has taken, or that is ignored, is left alone.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _SIGNALS:
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                self._before[number] = signal.getsignal(number)
                signal.signal(number, self._end)

    def forget(self) -> None:
        """As it was before `listen`."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before.clear()

    def _end(self, number: int, _: FrameType | None) -> None:
        self.by = _SIGNALS[signal.Signals(number)]
        worker.stop_all()
        raise KeyboardInterrupt


@contextmanager
def asked_to_end() -> Iterator[Asked]:
    """See the module's docstring."""
    asked = Asked()
    asked.listen()
    try:
        yield asked
    finally:
        asked.forget()
