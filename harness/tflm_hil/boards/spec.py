"""Which boards there are and what is to be known of each: `BoardSpec`, read from TOML.

A board file (`harness/tflm_hil/boards/<id>.toml`) describes a kind of board. `hil.toml` in the
current directory (or `--hil-config`) adds what is particular to a bench:

    [boards.nucleo-f746zg]              # more on a known board
    probe.uid = "066EFF383733503457223432"
    serial.tty = "/dev/ttyACM0"

    [boards.bench-2]                    # one more board of a known kind
    base = "nucleo-f746zg"
    probe.uid = "0670FF575251717867205939"

Precedence: command line > environment (HIL_PROBE_UID, HIL_SERIAL_TTY, HIL_SERIAL_BAUD) >
hil.toml > board file. Board files state every key, so there is no hidden default below them.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

from tflm_hil.errors import ConfigurationError, UnknownBoard

Kind = Literal["hardware", "emulated"]
ConnectMode = Literal["under-reset", "halt", "attach"]

CONFIG_NAME = "hil.toml"
CONFIG_VARIABLE = "HIL_CONFIG"


@dataclass(frozen=True)
class BoardSpec:
    """A board as configured; what is empty is found when the board is acquired.

    `origins` says for each key (as written in TOML, "probe.uid") where its value came from.
    """

    id: str
    product: str
    kind: Kind
    firmware_board: str
    probe_uid: str
    target: str
    connect_mode: ConnectMode
    frequency_hz: int
    open_attempts: int
    tty: str
    baud: int
    initial_baud: int
    flash_timeout_s: float
    reply_timeout_s: float
    emulator_board: str = ""
    notes: str = ""
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def is_emulated(self) -> bool:
        """Whether cycles are modelled and the board is a process."""
        return self.kind == "emulated"

    def origin(self, key: str) -> str:
        """Where the value of a TOML key came from, for messages."""
        return self.origins.get(key, "default")


@dataclass(frozen=True)
class Overrides:
    """What the command line says; None where it is silent. `config` is `--hil-config`."""

    probe_uid: str | None = None
    tty: str | None = None
    baud: int | None = None
    config: Path | None = None


# TOML key, attribute of BoardSpec, type of the value.
_KEYS: tuple[tuple[str, str, type], ...] = (
    ("id", "id", str),
    ("product", "product", str),
    ("kind", "kind", str),
    ("notes", "notes", str),
    ("firmware.board", "firmware_board", str),
    ("emulator.board", "emulator_board", str),
    ("probe.uid", "probe_uid", str),
    ("probe.target", "target", str),
    ("probe.connect_mode", "connect_mode", str),
    ("probe.frequency_hz", "frequency_hz", int),
    ("probe.open_attempts", "open_attempts", int),
    ("serial.tty", "tty", str),
    ("serial.baud", "baud", int),
    ("serial.initial_baud", "initial_baud", int),
    ("timeouts.flash_s", "flash_timeout_s", float),
    ("timeouts.reply_s", "reply_timeout_s", float),
)
_OPTIONAL = {"notes", "emulator.board"}
_CHOICES: dict[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "probe.connect_mode": get_args(ConnectMode),
}
_VARIABLES = {
    "HIL_PROBE_UID": "probe.uid",
    "HIL_SERIAL_TTY": "serial.tty",
    "HIL_SERIAL_BAUD": "serial.baud",
}


@dataclass(frozen=True)
class _Layer:
    """One source of values, flattened: TOML key → value."""

    origin: str
    values: Mapping[str, Any]


def board_files() -> dict[str, Path]:
    """The board files that come with the package, by board id."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.toml"))}


def board_ids(config: Path | None = None, environment: Mapping[str, str] = os.environ) -> list[str]:
    """All board ids that `load_spec` knows: the package's and those of hil.toml."""
    return sorted({*board_files(), *_user_boards(config, environment)[1]})


def load_spec(
    board: str,
    overrides: Overrides | None = None,
    environment: Mapping[str, str] = os.environ,
) -> BoardSpec:
    """The board's specification, all sources merged.

    Raises UnknownBoard (with the known ones) and ConfigurationError (naming source and key).
    """
    overrides = overrides or Overrides()
    config, user_boards = _user_boards(overrides.config, environment)
    files = board_files()
    if board not in files and board not in user_boards:
        raise _unknown(board, sorted({*files, *user_boards}), config)
    layers = [_command_line(overrides), _environment(environment)]
    base = board
    if board in user_boards:
        assert config is not None
        values = _flatten(user_boards[board], str(config))
        base = values.pop("base", board)
        if base not in files:
            raise ConfigurationError(
                f"{config}: boards.{board}.base is {base!r}, which is no known board file",
                remedy=f"use one of: {', '.join(files)}",
            )
        layers.append(_Layer(f"{config}, [boards.{board}]", {**values, "id": board}))
    layers.append(_Layer(str(files[base]), _flatten(_read_toml(files[base]), str(files[base]))))
    return _merge(layers)


def _merge(layers: list[_Layer]) -> BoardSpec:
    """First layer that has a key wins; every value is checked, also those that lose."""
    known = {key: kind for key, _, kind in _KEYS}
    for layer in layers:
        for key, value in layer.values.items():
            if key not in known:
                raise _unknown_key(layer.origin, key, list(known))
            _check(layer.origin, key, value, known[key])
    arguments: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for key, attribute, kind in _KEYS:
        found = next((layer for layer in layers if key in layer.values), None)
        if found is None:
            if key in _OPTIONAL:
                continue
            raise ConfigurationError(
                f"{layers[-1].origin}: {key} is missing", remedy="state every key"
            )
        arguments[attribute] = kind(found.values[key])
        origins[key] = found.origin
    if arguments["kind"] == "emulated" and not arguments.get("emulator_board"):
        raise ConfigurationError(
            f"{layers[-1].origin}: emulator.board is missing",
            remedy="name what the emulator is to be",
        )
    return BoardSpec(**arguments, origins=origins)


def _check(origin: str, key: str, value: object, kind: type) -> None:
    # bool is an int in Python, but `baud = true` is a mistake in a board file.
    fits = isinstance(value, (int, float)) if kind is float else isinstance(value, kind)
    if isinstance(value, bool) or not fits:
        raise ConfigurationError(
            f"{origin}: {key} = {value!r} is not {_describe(kind)}", remedy=f"correct {key} there"
        )
    choices = _CHOICES.get(key)
    if choices and value not in choices:
        raise ConfigurationError(
            f"{origin}: {key} = {value!r} is not known", remedy=f"use one of: {', '.join(choices)}"
        )
    if kind is not str and cast(float, value) <= 0:
        raise ConfigurationError(
            f"{origin}: {key} = {value!r} must be greater than 0", remedy=f"correct {key} there"
        )


def _user_boards(
    config: Path | None, environment: Mapping[str, str]
) -> tuple[Path | None, dict[str, dict[str, Any]]]:
    """hil.toml and its `boards` tables; (None, {}) when there is no such file."""
    named = config or (
        Path(environment[CONFIG_VARIABLE]) if CONFIG_VARIABLE in environment else None
    )
    path = named or Path.cwd() / CONFIG_NAME
    if not path.is_file():
        if named is None:
            return None, {}
        raise ConfigurationError(
            f"no such file: {named}", remedy="check --hil-config, or the variable HIL_CONFIG"
        )
    content = _read_toml(path)
    boards = content.pop("boards", {})
    if content:
        raise _unknown_key(str(path), next(iter(content)), ["boards.<board id>.probe.uid"])
    if not isinstance(boards, dict) or not all(isinstance(b, dict) for b in boards.values()):
        raise ConfigurationError(
            f"{path}: `boards` must hold tables", remedy="write [boards.nucleo-f746zg]"
        )
    return path, boards


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}", remedy="correct the TOML") from error


def _flatten(table: Mapping[str, Any], origin: str, prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= _flatten(value, origin, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _command_line(overrides: Overrides) -> _Layer:
    values = {
        "probe.uid": overrides.probe_uid,
        "serial.tty": overrides.tty,
        "serial.baud": overrides.baud,
    }
    return _Layer("command line", {key: v for key, v in values.items() if v is not None})


def _environment(environment: Mapping[str, str]) -> _Layer:
    values: dict[str, Any] = {}
    for variable, key in _VARIABLES.items():
        text = environment.get(variable, "")
        if not text:
            continue
        values[key] = text
        if key == "serial.baud":
            try:
                values[key] = int(text)
            except ValueError:
                raise ConfigurationError(
                    f"environment: {variable}={text!r} is not a whole number",
                    remedy=f"set it to a baud rate such as 921600, or unset {variable}",
                ) from None
    return _Layer("environment", values)


def _unknown(board: str, known: list[str], config: Path | None) -> UnknownBoard:
    close = difflib.get_close_matches(board, known, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]}? " if close else ""
    place = f"{config} and the board files" if config else "the board files"
    return UnknownBoard(
        f"no board is called {board!r}",
        remedy=f"{hint}{place} know: {', '.join(known)}",
    )


def _unknown_key(origin: str, key: str, known: list[str]) -> ConfigurationError:
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
    return ConfigurationError(f"{origin}: {key} is not a known key", remedy=hint)


def _describe(kind: type) -> str:
    return {str: "a text", int: "a whole number", float: "a number"}[kind]
