"""Live progress while a model is streamed.

On a terminal one line that moves: sequences, sequences per second, use of the line, time to go.
In a log one line per variant when it is done, so that CI output stays short.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Protocol, Self

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tflm_hil.report.render.console import Console
from tflm_hil.report.render.wording import duration

BITS_PER_BYTE = 10  # start, eight data bits, stop
CLOCK_INTERVAL_S = 0.25


class Progress(Protocol):
    """What measuring tells while it goes on."""

    def say(self, sentence: str) -> None:
        """A step that takes a while starts."""

    def streaming(self, label: str, total: int, done: int, clock: Callable[[], float]) -> Streaming:
        """`total` sequences will be streamed, `done` of them came from an earlier run.

        `clock` gives seconds in which the line is paced: on an emulated board its own. It is
        asked a few times a second.
        """


class Streaming(Protocol):
    """One model on its way; a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def advance(self, line_bytes: int, baud: int) -> None:
        """One more sequence; `line_bytes` wire bytes so far in the busier direction."""


class SilentProgress:
    """For callers that show nothing."""

    def say(self, sentence: str) -> None:
        """Nothing."""

    def streaming(
        self,
        label: str,  # noqa: ARG002
        total: int,  # noqa: ARG002
        done: int,  # noqa: ARG002
        clock: Callable[[], float],  # noqa: ARG002
    ) -> Streaming:
        """Nothing is shown."""
        return _Quiet()


class ConsoleProgress:
    """Shows progress on `console`, moving if it is a terminal.

    `uncaptured` is entered whenever something is written, and `clear_way` called in it: there
    pytest lets go of stdout, and ends its own line.
    """

    def __init__(
        self,
        console: Console,
        clear_way: Callable[[], None] = lambda: None,
        uncaptured: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._console = console
        self._clear_way = clear_way
        self._uncaptured = uncaptured

    def say(self, sentence: str) -> None:
        """One dim line."""
        with self._uncaptured():
            self._clear_way()
            self._console.print(Text(f"  {sentence}", style="dim"), soft_wrap=True)

    def streaming(self, label: str, total: int, done: int, clock: Callable[[], float]) -> Streaming:
        """A moving line on a terminal, a closing line in a log."""
        return _Shown(self._console, self._clear_way, self._uncaptured(), label, total, done, clock)


class _Quiet:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def advance(self, line_bytes: int, baud: int) -> None:
        """Nothing."""


class _Shown:
    """Counts, and renders itself whenever rich refreshes."""

    def __init__(
        self,
        console: Console,
        clear_way: Callable[[], None],
        uncaptured: AbstractContextManager[None],
        label: str,
        total: int,
        done: int,
        clock: Callable[[], float],
    ) -> None:
        self._console = console
        self._clear_way = clear_way
        self._uncaptured = uncaptured
        self._label = label
        self._total = total
        self._resumed = done
        self._done = done
        self._clock = clock
        self._use = 0.0
        self._start = time.monotonic()
        self._clock_start = 0.0
        self._clock_asked = 0.0
        self._live: Live | None = None

    def __enter__(self) -> Self:
        self._uncaptured.__enter__()
        self._clear_way()
        self._clock_start = self._clock()
        self._start = self._clock_asked = time.monotonic()
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._line,
                console=self._console,
                refresh_per_second=8,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
        end = "stopped" if kind is not None else "streamed"
        facts = (f"{end} {self._facts()}", "dim")
        self._console.print(Text.assemble(f"  {self._label} ", facts), soft_wrap=True)
        self._uncaptured.__exit__(kind, error, trace)

    def advance(self, line_bytes: int, baud: int) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._clock_asked < CLOCK_INTERVAL_S and self._done < self._total:
            return
        self._clock_asked = now
        elapsed = self._clock() - self._clock_start
        if elapsed > 0:
            # Bytes that still wait in front of the line have been counted, too.
            self._use = min(1.0, line_bytes * BITS_PER_BYTE / baud / elapsed)

    def _rate(self) -> float:
        elapsed = time.monotonic() - self._start
        return (self._done - self._resumed) / elapsed if elapsed > 0 else 0.0

    def _facts(self) -> str:
        resumed = f", {self._resumed} from before" if self._resumed else ""
        elapsed = time.monotonic() - self._start
        return (
            f"{self._done}/{self._total} sequences{resumed} in {duration(elapsed)}, "
            f"{self._rate():.0f}/s, line {self._use * 100:.0f} %"
        )

    def _line(self) -> Table:
        rate = self._rate()
        left = duration((self._total - self._done) / rate) if rate > 0 else "…"
        grid = Table.grid(padding=(0, 2))
        grid.add_row(
            f"  {self._label}",
            ProgressBar(total=max(self._total, 1), completed=self._done, width=30),
            f"{self._done}/{self._total}",
            Text(f"{rate:.0f} sequences/s · line {self._use * 100:.0f} % · {left} to go", "dim"),
        )
        return grid
