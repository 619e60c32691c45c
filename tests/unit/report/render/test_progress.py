import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tflm_hil.report.render.console import Console
from tflm_hil.report.render.progress import ConsoleProgress, SilentProgress


class Clock:
    """Advances by one second whenever it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def progress(*, terminal: bool) -> tuple[ConsoleProgress, io.StringIO, list[str]]:
    text = io.StringIO()
    events: list[str] = []

    @contextmanager
    def uncaptured() -> Iterator[None]:
        events.append("open")
        try:
            yield
        finally:
            events.append("close")

    console = Console(file=text, force_terminal=terminal, width=100, color_system=None)
    return ConsoleProgress(console, lambda: events.append("clear"), uncaptured), text, events


def test_log_has_one_line_per_variant() -> None:
    shown, text, events = progress(terminal=False)
    with shown.streaming("digits-int8", 4, 1, Clock()) as streaming:
        for count in (100, 200, 300):
            streaming.advance(count, 9600)
    assert len(text.getvalue().splitlines()) == 1
    assert "digits-int8 streamed 4/4 sequences, 1 from before" in text.getvalue()
    assert events == ["open", "clear", "close"]


def test_use_of_the_line_is_in_the_time_of_its_clock() -> None:
    shown, text, _ = progress(terminal=False)
    with shown.streaming("x", 1, 0, Clock()) as streaming:
        streaming.advance(480, 9600)  # half of what one second takes
    assert "line 50 %" in text.getvalue()


def test_stopped_streaming_says_so_and_gives_the_terminal_back() -> None:
    shown, text, events = progress(terminal=False)
    try:
        with shown.streaming("x", 10, 0, Clock()) as streaming:
            streaming.advance(1, 9600)
            raise RuntimeError
    except RuntimeError:
        pass
    assert "x stopped 1/10 sequences" in text.getvalue()
    assert events[-1] == "close"


def test_terminal_shows_a_moving_line() -> None:
    shown, text, _ = progress(terminal=True)
    with shown.streaming("digits-int8", 4, 0, Clock()) as streaming:
        for count in (100, 200, 300, 400):
            streaming.advance(count, 9600)
    assert "to go" in text.getvalue()
    assert "streamed 4/4" in text.getvalue()


def test_said_sentence_is_one_line_however_long() -> None:
    shown, text, _ = progress(terminal=False)
    shown.say("word " * 50)
    assert len(text.getvalue().splitlines()) == 1


def test_silent_progress_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    shown = SilentProgress()
    shown.say("nothing")
    with shown.streaming("x", 1, 0, Clock()) as streaming:
        streaming.advance(1, 9600)
    assert capsys.readouterr().out == ""
