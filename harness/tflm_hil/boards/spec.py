"""Which boards there are and what is to be known of each: `BoardSpec`, read from TOML.

A board file (`harness/tflm_hil/boards/<id>.toml`) describes a kind of board, and is the only place
of the harness that does (docs/add-a-board.md):

    id, product, kind, notes     product: as the ST-LINK's board id gives it (pyOCD, `hil boards`)
    base                         the board file that this one builds on; states what differs
    [firmware]  board            directory below firmware/board
                core_flags       GCC's -mcpu, -mfpu, -mfloat-abi; empty for the desktop
    [flash]     firmware_address, firmware_bytes, slot_address, slot_bytes
    [clock]     hse_hz, hse      the oscillator: "crystal", or "bypass" where a clock comes in
                core_hz, flash_wait_states, serial_hz      what the firmware makes of it
    [console]   usart, tx, rx    where the serial port ends: "USART3", "PD8", "PD9"
                alternate_function       of both pins
    [probe]     uid, target (a name of `probe.targets`), connect_mode, frequency_hz, open_attempts
    [serial]    tty, baud, initial_baud
    [timeouts]  flash_s, reply_s
    [emulator]  board, uid_prefix      only for an emulated board

`hil.toml` in the current directory (or `--hil-config`) adds what is particular to a bench:

    [boards.nucleo-f746zg]              # more on a known board
    probe.uid = "066EFF383733503457223432"
    serial.tty = "/dev/ttyACM0"

    [boards.bench-2]                    # one more board of a known kind
    base = "nucleo-f746zg"
    probe.uid = "0670FF575251717867205939"

Precedence: command line > environment (HIL_PROBE_UID, HIL_SERIAL_TTY, HIL_SERIAL_BAUD) >
hil.toml > board file > its base. Board files state every key, so there is no hidden default below
them.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tflm_hil.boards.keys import KEYS, ConnectMode, Kind, Oscillator, check
from tflm_hil.boards.sources import (
    BASE,
    Layer,
    Overrides,
    board_file_layers,
    check_base,
    command_line,
    flatten,
    from_environment,
    user_boards,
)
from tflm_hil.errors import ConfigurationError, UnknownBoard
from tflm_hil.firmware_build.core import Core
from tflm_hil.probe.flash_layout import FlashLayout

__all__ = ["BoardSpec", "Clock", "Console", "Overrides", "board_files", "board_ids", "load_spec"]

DEFAULT_BOARD = "nucleo-f746zg-emulated"
"""For whoever names none: it needs nothing but this machine."""


@dataclass(frozen=True)
class Clock:
    """The board's oscillator (`hse`: a crystal, or a clock that comes in, bypassing the chip's
    oscillator) and what its firmware makes of it: core, flash, and the clock of the console's
    USART.
    """

    hse_hz: int
    hse: Oscillator
    core_hz: int
    flash_wait_states: int
    serial_hz: int


@dataclass(frozen=True)
class Console:
    """The USART and the pins that the link uses, named as in the manual."""

    usart: str
    tx: str
    rx: str
    alternate_function: int

    def __str__(self) -> str:
        return f"{self.usart} (TX {self.tx}, RX {self.rx})"


@dataclass(frozen=True)
class BoardSpec:
    """A board as configured; what is empty is found when the board is acquired.

    `core` is None for a firmware that is compiled for this desktop. `origins` says for each key (as
    written in TOML, "probe.uid") where its value came from.
    """

    id: str
    product: str
    kind: Kind
    firmware_board: str
    core: Core | None
    flash: FlashLayout
    clock: Clock
    console: Console
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
    uid_prefix: str = ""
    notes: str = ""
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def is_emulated(self) -> bool:
        """Whether cycles are modelled and the board is a process."""
        return self.kind == "emulated"

    def origin(self, key: str) -> str:
        """Where the value of a TOML key came from, for messages."""
        return self.origins.get(key, "default")


def board_files() -> dict[str, Path]:
    """The board files that come with the package, by board id."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.toml"))}


def board_ids(config: Path | None = None, environment: Mapping[str, str] = os.environ) -> list[str]:
    """All board ids that `load_spec` knows: the package's and those of hil.toml."""
    return sorted({*board_files(), *user_boards(config, environment)[1]})


def load_spec(
    board: str,
    overrides: Overrides | None = None,
    environment: Mapping[str, str] = os.environ,
) -> BoardSpec:
    """The board's specification, all sources merged.

    Raises UnknownBoard (with the known ones) and ConfigurationError (naming source and key).
    """
    overrides = overrides or Overrides()
    config, own_boards = user_boards(overrides.config, environment)
    files = board_files()
    if board not in files and board not in own_boards:
        raise _unknown(board, sorted({*files, *own_boards}), config)
    layers = [command_line(overrides), from_environment(environment)]
    base = board
    if board in own_boards:
        values = flatten(own_boards[board])
        base = values.pop(BASE, board)
        check_base(base, f"{config}: boards.{board}.{BASE}", files)
        layers.append(Layer(f"{config}, [boards.{board}]", {**values, "id": board}))
    layers += board_file_layers(base, files)
    check(layers)
    return _spec(layers)


def _spec(layers: Sequence[Layer]) -> BoardSpec:
    """The first layer that has a key wins."""
    value: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for key in KEYS:
        layer = next((layer for layer in layers if key.name in layer.values), None)
        if layer is not None:
            value[key.name] = key.type(layer.values[key.name])
            origins[key.name] = layer.origin
        elif not key.optional:
            raise _missing(layers[-1], key.name, "state every key")
    for name in ("emulator.board", "emulator.uid_prefix"):
        if value["kind"] == "emulated" and not value.get(name):
            raise _missing(layers[-1], name, "name what the emulator is to be")
    return BoardSpec(
        id=value["id"],
        product=value["product"],
        kind=value["kind"],
        notes=value.get("notes", ""),
        firmware_board=value["firmware.board"],
        core=_core(value["firmware.core_flags"], origins["firmware.core_flags"]),
        flash=_flash(FlashLayout(**_table(value, "flash")), origins["flash.slot_address"]),
        clock=Clock(**_table(value, "clock")),
        console=Console(**_table(value, "console")),
        emulator_board=value.get("emulator.board", ""),
        uid_prefix=value.get("emulator.uid_prefix", ""),
        probe_uid=value["probe.uid"],
        target=value["probe.target"],
        connect_mode=value["probe.connect_mode"],
        frequency_hz=value["probe.frequency_hz"],
        open_attempts=value["probe.open_attempts"],
        tty=value["serial.tty"],
        baud=value["serial.baud"],
        initial_baud=value["serial.initial_baud"],
        flash_timeout_s=value["timeouts.flash_s"],
        reply_timeout_s=value["timeouts.reply_s"],
        origins=origins,
    )


def _table(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    start = f"{name}."
    return {k.removeprefix(start): v for k, v in values.items() if k.startswith(start)}


def _core(flags: str, origin: str) -> Core | None:
    if not flags:
        return None
    try:
        return Core.from_flags(flags)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{origin}: firmware.core_flags: {error.what}", remedy=error.remedy
        ) from None


def _flash(layout: FlashLayout, origin: str) -> FlashLayout:
    if layout.overlaps:
        raise ConfigurationError(
            f"{origin}: flash: the model slot {layout.slot_address:#010x}.."
            f"{layout.slot_end - 1:#010x} lies in the firmware's flash "
            f"{layout.firmware_address:#010x}..{layout.firmware_end - 1:#010x}",
            remedy="give firmware and models sectors of their own",
        )
    return layout


def _missing(layer: Layer, key: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"{layer.origin}: {key} is missing", remedy=remedy)


def _unknown(board: str, known: list[str], config: Path | None) -> UnknownBoard:
    close = difflib.get_close_matches(board, known, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]}? " if close else ""
    place = f"{config} and the board files" if config else "the board files"
    return UnknownBoard(
        f"no board is called {board!r}",
        remedy=f"{hint}{place} know: {', '.join(known)}",
    )
