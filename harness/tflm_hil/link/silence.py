"""Why no answer came: what was counted on the line decides, and gives sentence and remedy.

- damaged frames, or reports of damage by the device: noise;
- nothing but damage, none of it like a frame: the wrong baud rate; readable: another firmware;
- nothing at all: a board without power, or firmware that hangs;
- whole frames, but not the one that was asked for: the board is busy with something older.
"""

from __future__ import annotations

from collections.abc import Sequence

from tflm_hil.device_answers import LineFacts
from tflm_hil.errors import (
    AnswerTooLate,
    FirmwareSilent,
    ForeignFirmware,
    LinkTimeout,
    NoisyLine,
    WrongBaudRate,
)

_TEXT_SHARE = 0.9  # of the bytes; noise and wrong rates give a third, as 95 of 256 are printable
_TEXT_BYTES = 8  # fewer may look like text by chance
_SHOWN = 32
_CONSOLE = frozenset(b"\t\n\r\x1b" + bytes(range(0x20, 0x7F)))

REMEDY_NO_BOARD = (
    "check that the board has power and runs the firmware, that `hil boards` shows the right "
    "port and that no other program reads it; then reset the board"
)
_REMEDY_SILENT = (
    "reset the board: an inference hangs, or it has lost its power; if a single inference may take "
    "so long, raise timeouts.reply_s in hil.toml"
)


def hello_unanswered(
    port: str, facts: LineFacts, bauds: Sequence[int], *, whole_frames_before: bool, board: str
) -> LinkTimeout:
    """HELLO was not answered. `whole_frames_before`: part of what came was certainly a frame of
    ours, intact or damaged.
    """
    rates = ", ".join(str(baud) for baud in dict.fromkeys(bauds))
    if not facts.heard:
        return LinkTimeout(
            f"nothing answers on {port} at {rates} baud: not a byte came",
            line=facts,
            remedy=REMEDY_NO_BOARD,
            board=board,
        )
    if facts.damaged and whole_frames_before:
        return noisy(f"no answer to HELLO came through on {port}", facts, board=board)
    if is_text(facts.sample):
        return ForeignFirmware(
            f"what talks on {port} at {rates} baud is another firmware: it sends text, the last of "
            f"it {_quoted(facts.sample)}",
            line=facts,
            remedy="flash this firmware: leave out --hil-no-flash, or run `hil flash`; check that "
            "tty and probe belong to the same board (`hil boards`)",
            board=board,
        )
    if facts.damaged or not facts.intact:
        return WrongBaudRate(
            f"bytes come on {port} ({facts.heard:,}), but at {rates} baud none of them form a "
            f"frame: {facts.sample[-_SHOWN:].hex(' ')}",
            line=facts,
            remedy="check serial.initial_baud in hil.toml against the rate that the firmware "
            "starts with, and that its clock is set up right; reset the board",
            board=board,
        )
    return AnswerTooLate(
        f"the board on {port} sends frames, but does not answer HELLO: it still executes an "
        "older request",
        line=facts,
        remedy="wait until it is done, or reset the board",
        board=board,
    )


def request_unanswered(
    request: str, timeout_s: float, facts: LineFacts, *, alive: bool, board: str
) -> LinkTimeout:
    """A session's `request` was not answered for `timeout_s`; `alive`: HELLO was, afterwards."""
    if facts.damaged or facts.naks:
        return noisy(f"no answer to {request} came through in {timeout_s:g} s", facts, board=board)
    if alive:
        return AnswerTooLate(
            f"the board did not answer {request} within {timeout_s:g} s, but is alive, and no "
            "frame was damaged",
            line=facts,
            remedy="raise timeouts.reply_s in hil.toml if a single inference may take so long",
            board=board,
        )
    return FirmwareSilent(
        f"the board has said nothing for {timeout_s:g} s, since it was asked for {request}, and "
        "does not answer HELLO; no frame was damaged",
        line=facts,
        remedy=_REMEDY_SILENT,
        board=board,
    )


def noisy(what: str, facts: LineFacts, *, board: str) -> NoisyLine:
    """The line is bad: how bad, and what helps."""
    counts = [f"{facts.damaged:,} damaged frames from the board"]
    counts += [f"{facts.naks:,} reports of damage by it"]
    for number, name in (
        (facts.device_damaged, "frames damaged"),
        (facts.device_framing_errors, "framing errors"),
        (facts.device_overruns, "overruns"),
    ):
        if number > 0:
            counts.append(f"{number:,} {name} counted by it since its start")
    return NoisyLine(
        f"{what}: the line is noisy at {facts.baud} baud ({', '.join(counts)})",
        line=facts,
        remedy="use a shorter or another cable, connect the grounds of both sides, keep it away "
        "from motors and radios; or take a lower rate (--hil-baud 115200)",
        board=board,
    )


def is_text(data: bytes) -> bool:
    """Whether a person would call it text, as firmware prints it on a console."""
    return len(data) >= _TEXT_BYTES and readable_share(data) >= _TEXT_SHARE


def readable_share(data: bytes) -> float:
    """The share of printable ASCII and line ends, 0 of nothing."""
    return sum(byte in _CONSOLE for byte in data) / len(data) if data else 0.0


def _quoted(data: bytes) -> str:
    return repr(data[-_SHOWN:].decode("ascii", "replace"))
