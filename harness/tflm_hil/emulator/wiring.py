"""What stands around the chip on a board: its clock, and the pins that lead to the host's tty.

    board = EmulatedBoard(
        id="some-board",
        product="SOME-BOARD",
        uid_prefix="EMU-SOME",
        hse_hz=8_000_000,
        hse_is_crystal=False,
        console=Console("USART3", transmit=Pin("D", 8), receive=Pin("D", 9), function=7),
    )
    EmulatedBoard.from_json(board.to_json()) == board

The emulator itself knows no board: it is handed one of these, in the end from a board file.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tflm_hil.errors import EmulatorError


@dataclass(frozen=True)
class Pin:
    """A pin of the chip: "PD8" is port "D", number 8."""

    port: str
    number: int

    @classmethod
    def parse(cls, text: str) -> Pin:
        """From the manual's name for it. Raises EmulatorError for anything else."""
        match = re.fullmatch(r"P([A-K])(\d|1[0-5])", text)
        if match is None:
            raise EmulatorError(
                f"{text!r} is not a pin", remedy='write a port and a number, as in "PD8" or "PA15"'
            )
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"P{self.port}{self.number}"


@dataclass(frozen=True)
class Console:
    """The USART that the host sees as a tty, and the pins that carry it off the chip."""

    usart: str
    """As in the manual: "USART3", "UART4"."""
    transmit: Pin
    receive: Pin
    function: int
    """The alternate function that both pins need, 0..15."""


@dataclass(frozen=True)
class EmulatedBoard:
    """A board around an STM32F746, as far as its firmware can tell.

    Raises EmulatorError for values that no board can have.
    """

    id: str
    product: str
    """As it is printed on the board; for people."""
    uid_prefix: str
    """Unique ids of its probes begin with it, and a number follows ("EMU-F746ZG-00")."""
    hse_hz: int
    """What arrives at OSC_IN, or what the crystal swings at."""
    hse_is_crystal: bool
    """False: a clock comes in, and the firmware has to bypass the oscillator (RCC_CR.HSEBYP)."""
    console: Console

    def __post_init__(self) -> None:
        if self.hse_hz <= 0:
            raise _refused(f"hse_hz is {self.hse_hz}, and has to be a frequency in hertz")
        if not 0 <= self.console.function <= 15:
            raise _refused(
                f"console.function is {self.console.function}, and has to be from 0 to 15"
            )
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", self.uid_prefix):  # it names files
            raise _refused(
                f"uid_prefix is {self.uid_prefix!r}, and has to be letters, digits, dots, dashes "
                "and underscores, 60 at most"
            )

    def to_json(self) -> str:
        """One object, for `from_json` and for the command line of the emulator's process."""
        return json.dumps(
            {
                "id": self.id,
                "product": self.product,
                "uid_prefix": self.uid_prefix,
                "hse_hz": self.hse_hz,
                "hse_is_crystal": self.hse_is_crystal,
                "console": {
                    "usart": self.console.usart,
                    "transmit": str(self.console.transmit),
                    "receive": str(self.console.receive),
                    "function": self.console.function,
                },
            }
        )

    @classmethod
    def from_json(cls, text: str) -> EmulatedBoard:
        """What `to_json` wrote. Raises EmulatorError that names the field in question."""
        try:
            value = json.loads(text)
        except ValueError as error:
            raise _refused(f"not JSON: {error}") from error
        board = _fields(value, "the board", _BOARD_FIELDS)
        console = _fields(board["console"], "console", _CONSOLE_FIELDS)
        return cls(
            id=board["id"],
            product=board["product"],
            uid_prefix=board["uid_prefix"],
            hse_hz=board["hse_hz"],
            hse_is_crystal=board["hse_is_crystal"],
            console=Console(
                console["usart"],
                Pin.parse(console["transmit"]),
                Pin.parse(console["receive"]),
                console["function"],
            ),
        )


_BOARD_FIELDS: dict[str, type] = {
    "id": str,
    "product": str,
    "uid_prefix": str,
    "hse_hz": int,
    "hse_is_crystal": bool,
    "console": dict,
}
_CONSOLE_FIELDS: dict[str, type] = {
    "usart": str,
    "transmit": str,
    "receive": str,
    "function": int,
}


def _fields(value: Any, name: str, types: dict[str, type]) -> dict[str, Any]:
    """`value` as an object with exactly these fields, each of exactly its type."""
    if not isinstance(value, dict):
        raise _refused(f"{name} is {value!r}, and has to be an object")
    if value.keys() != types.keys():
        missing = sorted(types.keys() - value.keys())
        unknown = sorted(value.keys() - types.keys())
        raise _refused(f"{name}: missing {missing}, unknown {unknown}")
    for field, wanted in types.items():
        if type(value[field]) is not wanted:
            raise _refused(f"{name}: {field} is {value[field]!r}, and has to be {wanted.__name__}")
    return value


def _refused(what: str) -> EmulatorError:
    return EmulatorError(
        f"the emulated board is described wrongly: {what}",
        remedy="correct the board's file; EmulatedBoard in tflm_hil.emulator.wiring says what each "
        "field means",
    )
