"""Where a board's values come from, each source flattened: TOML key → value.

Board files may build on one another (`base`), so that a file states only what differs; hil.toml,
the environment and the command line lie above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflm_hil.errors import ConfigurationError
from tflm_hil.files import SHOWN, read_toml, shown

CONFIG_NAME = "hil.toml"
CONFIG_VARIABLE = "HIL_CONFIG"
BASE = "base"

_VARIABLES = {
    "HIL_PROBE_UID": "probe.uid",
    "HIL_SERIAL_TTY": "serial.tty",
    "HIL_SERIAL_BAUD": "serial.baud",
}


@dataclass(frozen=True)
class Layer:
    """One source of values. `origin` is for messages: a path, "environment", "command line"."""

    origin: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Overrides:
    """What the command line says; None where it is silent. `config` is `--hil-config`."""

    probe_uid: str | None = None
    tty: str | None = None
    baud: int | None = None
    config: Path | None = None


def command_line(overrides: Overrides) -> Layer:
    """What was said there."""
    values = {
        "probe.uid": overrides.probe_uid,
        "serial.tty": overrides.tty,
        "serial.baud": overrides.baud,
    }
    return Layer("command line", {key: v for key, v in values.items() if v is not None})


def from_environment(environment: Mapping[str, str]) -> Layer:
    """What its variables say. Raises ConfigurationError for a baud rate that is not a number."""
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
    return Layer("environment", values)


def board_file_layers(board: str, files: Mapping[str, Path]) -> list[Layer]:
    """The file of `board` and those that it builds on, itself first.

    Raises ConfigurationError for a base that does not exist or leads back to the file.
    """
    layers: list[Layer] = []
    seen = [board]
    while True:
        path = files[seen[-1]]
        values = flatten(read_toml(path))
        base = values.pop(BASE, None)
        layers.append(Layer(str(path), values))
        if base is None:
            return layers
        check_base(base, f"{path}: {BASE}", files)
        if base in seen:
            raise ConfigurationError(
                f"{path}: {BASE} leads in a circle: {' → '.join([*seen, base])}",
                remedy="let one of them state all its keys, without a base",
            )
        seen.append(base)


def check_base(base: object, where: str, files: Mapping[str, Path]) -> None:
    """Raises ConfigurationError if there is no such board file."""
    if not isinstance(base, str) or base not in files:
        raise ConfigurationError(
            f"{where} is {shown(base)}, and there is no such board file",
            remedy=f"use one of: {', '.join(files)}",
        )


def user_boards(
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
    content = read_toml(path)
    boards = content.pop("boards", {})
    if content:
        raise ConfigurationError(
            f"{path}: {next(iter(content))[:SHOWN]} is not a known key",
            remedy="use a known key: boards.<board id>.probe.uid",
        )
    if not isinstance(boards, dict) or not all(isinstance(b, dict) for b in boards.values()):
        raise ConfigurationError(
            f"{path}: `boards` must hold tables", remedy="write [boards.<board id>]"
        )
    for name in boards:
        if len(name) > SHOWN or not name.isprintable():
            raise ConfigurationError(
                f"{path}: boards.{shown(name)} is no name of a board",
                remedy="write [boards.<board id>]",
            )
    return path, boards


def flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Tables within tables become keys with dots."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
