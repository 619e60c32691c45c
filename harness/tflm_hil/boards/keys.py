"""The keys of a board file: their types, what they may be, and whether they may be left out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast, get_args

from tflm_hil.boards.sources import Layer
from tflm_hil.errors import ConfigurationError
from tflm_hil.files import SHOWN, VALUE_MAX, shown

Kind = Literal["hardware", "emulated"]
ConnectMode = Literal["under-reset", "halt", "attach"]
Oscillator = Literal["crystal", "bypass"]

_Type = type[str] | type[int] | type[float]


@dataclass(frozen=True)
class Key:
    """`name` as written in TOML. `pattern` is what a text has to match, with an example of it."""

    name: str
    type: _Type
    optional: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""
    example: str = ""


_PIN = r"P[A-K](\d|1[0-5])"

KEYS = (
    Key("id", str),
    Key("product", str),
    Key("kind", str, choices=get_args(Kind)),
    Key("notes", str, optional=True),
    Key("firmware.board", str),
    Key("firmware.core_flags", str),
    Key("flash.firmware_address", int),
    Key("flash.firmware_bytes", int),
    Key("flash.slot_address", int),
    Key("flash.slot_bytes", int),
    Key("clock.hse_hz", int),
    Key("clock.hse", str, choices=get_args(Oscillator)),
    Key("clock.core_hz", int),
    Key("clock.flash_wait_states", int),
    Key("clock.serial_hz", int),
    Key("console.usart", str, pattern=r"U(S)?ART\d+", example="USART1"),
    Key("console.tx", str, pattern=_PIN, example="PA9"),
    Key("console.rx", str, pattern=_PIN, example="PA9"),
    Key("console.alternate_function", int),
    Key("emulator.board", str, optional=True),
    Key("emulator.uid_prefix", str, optional=True, pattern=r"[A-Za-z0-9.-]+", example="EMU-F4"),
    Key("probe.uid", str),
    Key("probe.target", str),
    Key("probe.connect_mode", str, choices=get_args(ConnectMode)),
    Key("probe.frequency_hz", int),
    Key("probe.open_attempts", int),
    Key("serial.tty", str),
    Key("serial.baud", int),
    Key("serial.initial_baud", int),
    Key("timeouts.flash_s", float),
    Key("timeouts.reply_s", float),
)
NUMBER_MAX = 2**40  # addresses, bytes, hertz and seconds are below it; neither inf nor nan is

_BY_NAME = {key.name: key for key in KEYS}


def check(layers: Iterable[Layer]) -> None:
    """Raises ConfigurationError for an unknown key or a wrong value, also one that loses."""
    for layer in layers:
        for name, value in layer.values.items():
            if name not in _BY_NAME:
                raise _unknown(layer.origin, name)
            _check(layer.origin, _BY_NAME[name], value)


def _check(origin: str, key: Key, value: object) -> None:
    # bool is an int in Python, but `baud = true` is a mistake in a board file.
    numeric = key.type is float and isinstance(value, int | float)
    if isinstance(value, bool) or not (numeric or isinstance(value, key.type)):
        raise ConfigurationError(
            f"{origin}: {key.name} = {shown(value)} is not {_describe(key.type)}",
            remedy=f"correct {key.name} there",
        )
    if isinstance(value, str) and (len(value) > VALUE_MAX or not value.isprintable()):
        raise ConfigurationError(
            f"{origin}: {key.name} = {shown(value)} is too long or holds control characters",
            remedy=f"correct {key.name} there",
        )
    if key.choices and value not in key.choices:
        raise ConfigurationError(
            f"{origin}: {key.name} = {shown(value)} is not known",
            remedy=f"use one of: {', '.join(key.choices)}",
        )
    if key.pattern and not re.fullmatch(key.pattern, str(value)):
        raise ConfigurationError(
            f"{origin}: {key.name} = {shown(value)} is not written as expected",
            remedy=f"write it like {key.example}",
        )
    if key.type is not str and not 0 < cast(float, value) < NUMBER_MAX:
        raise ConfigurationError(
            f"{origin}: {key.name} = {shown(value)} must be greater than 0 and below 2 to the 40",
            remedy=f"correct {key.name} there",
        )


def _unknown(origin: str, name: str) -> ConfigurationError:
    close = difflib.get_close_matches(name, _BY_NAME, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(_BY_NAME)}"
    return ConfigurationError(f"{origin}: {name[:SHOWN]} is not a known key", remedy=hint)


def _describe(kind: _Type) -> str:
    return {str: "a text", int: "a whole number", float: "a number"}[kind]
