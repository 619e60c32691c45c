"""From a board's name to a board in our hands: found or started, paired, and locked.

    with acquire("nucleo-f746zg-emulated") as board:
        board.tty          # open it with tflm_hil.link
        board.probe        # flash, reset, post-mortem; connects at the first call

Everything that was acquired is given back at the end; an emulated board is stopped only if it was
started here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from tflm_hil.boards import locks
from tflm_hil.boards.attached import attached_ports, attached_probes
from tflm_hil.boards.emulated import emulated_board
from tflm_hil.boards.pairing import Pair, Wanted, pair, probes_behind, same_serial
from tflm_hil.boards.spec import BoardSpec, Overrides, board_ids, load_spec
from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.board_time import BoardTime
from tflm_hil.errors import HilError, ProbeNotFound
from tflm_hil.link.clock import Clock, WallClock
from tflm_hil.probe.probe import Probe
from tflm_hil.probe.session import ProbeSettings

if TYPE_CHECKING:
    from tflm_hil.emulator.outside.process import EmulatorProcess


@dataclass(frozen=True)
class AcquiredBoard:
    """A board that this process owns. `emulator` is set when the board was started here."""

    spec: BoardSpec
    probe_uid: str
    tty: str
    emulator: EmulatorProcess | None = None

    @cached_property
    def clock(self) -> Clock:
        """The board's own time, by which to be patient. Raises EmulatorError."""
        return BoardTime(self.probe_uid) if self.spec.is_emulated else WallClock()

    @cached_property
    def probe(self) -> Probe:
        """The board's debug probe, with the options of its specification."""
        return Probe(probe_settings(self.spec, self.probe_uid))


def probe_settings(spec: BoardSpec, uid: str) -> ProbeSettings:
    """How the board's specification uses the probe `uid`."""
    return ProbeSettings(
        uid=uid,
        target=spec.target,
        flash=spec.flash,
        board=spec.id,
        emulated=spec.is_emulated,
        connect_mode=spec.connect_mode,
        frequency_hz=spec.frequency_hz,
        open_attempts=spec.open_attempts,
        flash_timeout_s=spec.flash_timeout_s,
    )


@contextmanager
def acquire(board: str, overrides: Overrides | None = None) -> Iterator[AcquiredBoard]:
    """Own the board while inside.

    Raises UnknownBoard and ConfigurationError; ProbeNotFound, ProbeAmbiguous, SerialPortNotFound
    and EmulatorError when it is not there; ProbeBusy (naming the holder) when it is taken.
    """
    spec = load_spec(board, overrides)
    with ExitStack() as stack:
        acquired = _emulated(spec, stack) if spec.is_emulated else _real(spec, stack)
        yield acquired


def _real(spec: BoardSpec, stack: ExitStack) -> AcquiredBoard:
    pair = _pair(spec)
    stack.enter_context(locks.hold(pair.uid, board=spec.id))
    return AcquiredBoard(spec, pair.uid, pair.tty)


def _pair(spec: BoardSpec) -> Pair:
    wanted = Wanted(
        spec.product,
        spec.probe_uid,
        spec.tty,
        spec.origin("probe.uid"),
        spec.origin("serial.tty"),
        spec.id,
        str(spec.console),
    )
    ports = attached_ports()
    # A configured probe that shows its COM port is there: no need to import pyOCD and ask around.
    shown = [probe for probe in probes_behind(ports) if same_serial(probe.uid, spec.probe_uid)]
    return pair(wanted, shown[:1] or attached_probes(), ports)


def _emulated(spec: BoardSpec, stack: ExitStack) -> AcquiredBoard:
    if spec.probe_uid:
        entry = running_emulator(spec)
        stack.enter_context(locks.hold(entry.uid, board=spec.id))
        return AcquiredBoard(spec, entry.uid, spec.tty or entry.tty)
    from tflm_hil.emulator.outside.process import EmulatorProcess

    emulator = stack.enter_context(EmulatorProcess.start(emulated_board(spec)))
    stack.enter_context(locks.hold(emulator.uid, board=spec.id))
    return AcquiredBoard(spec, emulator.uid, spec.tty or emulator.tty, emulator)


def running_emulator(spec: BoardSpec) -> registry.Entry:
    """The running emulator with the configured uid. Raises ProbeNotFound, listing the others."""
    entry = registry.find(spec.probe_uid)
    if entry is None or entry.board != spec.emulator_board:
        running = ", ".join(f"{e.uid} ({e.board})" for e in registry.entries()) or "none"
        raise ProbeNotFound(
            f"no emulated {spec.emulator_board} with uid {spec.probe_uid} is running; "
            f"running: {running}",
            remedy=f"start it with `hil emulate {spec.emulator_board}`, or leave out the uid "
            f"({spec.origin('probe.uid')}) to have one started",
            board=spec.id,
        )
    return entry


@dataclass(frozen=True)
class BoardRow:
    """One line of `hil boards`. `state` is "ready", "busy: …" or why it cannot be used."""

    id: str
    product: str
    kind: str
    probe_uid: str
    tty: str
    state: str
    notes: str = ""


def list_boards(overrides: Overrides | None = None) -> list[BoardRow]:
    """Every configured board and whether it could be acquired now; nothing is opened or started.

    Emulated boards that run already have a line each.
    """
    overrides = overrides or Overrides()
    specs = [load_spec(board, overrides) for board in board_ids(overrides.config)]
    rows = [_row(spec) for spec in specs]
    rows += [
        BoardRow(spec.id, spec.product, spec.kind, entry.uid, entry.tty, _running(entry))
        for entry in registry.entries()
        for spec in specs
        if spec.emulator_board == entry.board and not spec.probe_uid
    ]
    return rows


def _row(spec: BoardSpec) -> BoardRow:
    row = BoardRow(spec.id, spec.product, spec.kind, spec.probe_uid, spec.tty, "ready", spec.notes)
    try:
        if spec.is_emulated and not spec.probe_uid:
            return replace(row, state="ready (started when needed)")
        if spec.is_emulated:
            entry = running_emulator(spec)
            row = replace(row, probe_uid=entry.uid, tty=spec.tty or entry.tty)
        else:
            pair = _pair(spec)
            row = replace(row, probe_uid=pair.uid, tty=pair.tty)
    except HilError as error:
        return replace(row, state=error.what)
    owner = locks.holder(row.probe_uid)
    return replace(row, state=f"busy: {owner}") if owner else row


def _running(entry: registry.Entry) -> str:
    owner = locks.holder(entry.uid)
    return f"busy: {owner}" if owner else f"running (process {entry.pid})"
