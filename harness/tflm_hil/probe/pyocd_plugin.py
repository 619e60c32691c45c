"""Running emulated boards as pyOCD debug probes.

Installed as entry point `pyocd.probe`, so that the stock `pyocd` command finds them:

    pyocd list
    pyocd load -u EMU-00 firmware.elf
    pyocd gdbserver -u EMU-00

Like a real probe it only moves DP and AP registers; what they mean is the emulator's business.

Importing this module imports pyOCD: do it late.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from pyocd.board.board import Board
from pyocd.board.board_ids import BoardInfo
from pyocd.core import exceptions
from pyocd.core.plugin import Plugin
from pyocd.probe.debug_probe import DebugProbe

from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.client import DebugPortClient, DebugPortFault
from tflm_hil.errors import EmulatorError
from tflm_hil.probe import targets

PROBE_TYPE = "hil-emulator"
EMULATED_TARGET = "stm32f746"
"""The chip that the emulator is, in whatever package a board has it."""

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _in_pyocd_terms(call: Callable[_P, _R]) -> Callable[_P, _R]:
    """Faults and a dead emulator as the exceptions that pyOCD reacts to."""

    @functools.wraps(call)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return call(*args, **kwargs)
        except DebugPortFault:
            raise exceptions.TransferFaultError() from None
        except EmulatorError as error:
            raise exceptions.ProbeDisconnected(error.what) from error

    return wrapper


class EmulatedProbe(DebugProbe):  # type: ignore[misc]  # pyOCD has no type information
    """The debug port of one emulated board."""

    @classmethod
    def get_all_connected_probes(
        cls,
        unique_id: str | None = None,  # noqa: ARG003 - the aggregator filters
        is_explicit: bool = False,  # noqa: ARG003
    ) -> Sequence[EmulatedProbe]:
        """One probe for each emulated board that runs on this machine."""
        return [cls(entry) for entry in registry.entries()]

    @classmethod
    def get_probe_with_id(
        cls,
        unique_id: str,
        is_explicit: bool = False,  # noqa: ARG003
    ) -> EmulatedProbe | None:
        """The emulated board with exactly this uid, or None."""
        entry = registry.find(unique_id)
        return cls(entry) if entry is not None else None

    def __init__(self, entry: registry.Entry) -> None:
        super().__init__()
        self._entry = entry
        self._port = DebugPortClient(entry.socket)
        self._protocol: Any = None
        self._reset_asserted = False

    # --- what it is -------------------------------------------------------------------------

    @property
    def vendor_name(self) -> str:
        """For lists of probes."""
        return "tflm-hil"

    @property
    def product_name(self) -> str:
        """For lists of probes."""
        return f"emulated {self._entry.board}"

    @property
    def supported_wire_protocols(self) -> Any:
        """SWD, as on the ST-LINK of the board."""
        return [DebugProbe.Protocol.DEFAULT, DebugProbe.Protocol.SWD]

    @property
    def unique_id(self) -> str:
        """The uid under which `hil emulate` announced the board."""
        return self._entry.uid

    @property
    def wire_protocol(self) -> Any:
        """SWD while connected, else None."""
        return self._protocol

    @property
    def is_open(self) -> bool:
        """Whether the socket is open."""
        return self._port.is_connected

    @property
    def capabilities(self) -> Any:
        """A plain probe: pyOCD does SELECT and the AP banks."""
        return {
            DebugProbe.Capability.SWJ_SEQUENCE,
            DebugProbe.Capability.BANKED_DP_REGISTERS,
        }

    @property
    def associated_board_info(self) -> Any:
        """Gives the target type, so that no `--target` is needed."""
        return BoardInfo(
            name=f"{self._entry.board.upper()} (emulated)",
            target=EMULATED_TARGET,
            vendor=self.vendor_name,
        )

    def create_associated_board(self) -> Any:
        """A board of the type of `associated_board_info`."""
        return Board(self.session, board_info=self.associated_board_info)

    # --- connection and lines ---------------------------------------------------------------

    @_in_pyocd_terms
    def open(self) -> None:
        """Connect to the emulator's socket."""
        self._port.connect()

    @_in_pyocd_terms
    def close(self) -> None:
        """Close the socket; the board goes on."""
        self._port.close()

    def connect(self, protocol: Any = None) -> None:  # noqa: ARG002 - there is one protocol
        """Nothing to switch: the emulated port speaks SWD from the start."""
        self._protocol = DebugProbe.Protocol.SWD

    def disconnect(self) -> None:
        """See `connect`."""
        self._protocol = None

    def swj_sequence(self, length: int, bits: int) -> None:
        """The selection between JTAG and SWD has no meaning at register level."""

    def set_clock(self, frequency: float) -> None:
        """The socket has no clock."""

    def reset(self) -> None:
        """Pulse the reset line."""
        self.assert_reset(True)
        self.assert_reset(False)

    @_in_pyocd_terms
    def assert_reset(self, asserted: bool) -> None:
        """Drive the reset line; like the pin, it is left alone when already there."""
        if bool(asserted) != self._reset_asserted:
            self._reset_asserted = bool(asserted)
            self._port.nreset(self._reset_asserted)

    def is_reset_asserted(self) -> bool:
        """What was last driven."""
        return self._reset_asserted

    @_in_pyocd_terms
    def flush(self) -> None:
        """Wait for the posted writes; raises TransferFaultError if one of them failed."""
        self._port.flush()

    # --- registers --------------------------------------------------------------------------

    def read_dp(self, addr: int, now: bool = True) -> Any:
        """A DP register, or with `now=False` a callable that gives it."""
        return self._read(functools.partial(self._port.read_dp, addr), now)

    @_in_pyocd_terms
    def write_dp(self, addr: int, data: int) -> None:
        """Posted."""
        self._port.write_dp(addr, data)

    def read_ap(self, addr: int, now: bool = True) -> Any:
        """An AP register, or with `now=False` a callable that gives it."""
        return self._read(functools.partial(self._port.read_ap, addr), now)

    @_in_pyocd_terms
    def write_ap(self, addr: int, data: int) -> None:
        """Posted."""
        self._port.write_ap(addr, data)

    def read_ap_multiple(self, addr: int, count: int = 1, now: bool = True) -> Any:
        """An AP register `count` times, or with `now=False` a callable that gives the list."""
        return self._read(functools.partial(self._port.read_ap_multiple, addr, count), now)

    @_in_pyocd_terms
    def write_ap_multiple(self, addr: int, values: Sequence[int]) -> None:
        """Posted."""
        self._port.write_ap_multiple(addr, list(values))

    def _read(self, read: Callable[[], _R], now: bool) -> _R | Callable[[], _R]:
        checked = _in_pyocd_terms(read)
        if now:
            return checked()
        # Order matters to the target, so the access is done here; only its outcome waits.
        try:
            value = checked()
        except exceptions.TransferError as error:
            fault = error

            def fail() -> _R:
                raise fault

            return fail
        return lambda: value


class EmulatedProbePlugin(Plugin):  # type: ignore[misc]  # pyOCD has no type information
    """What pyOCD's entry point `pyocd.probe` loads."""

    def load(self) -> type[EmulatedProbe]:
        """The probe class. Registers the chips as well: probes are loaded before boards."""
        targets.register()
        return EmulatedProbe

    @property
    def name(self) -> str:
        """Prefix of an explicit uid: `hil-emulator:EMU-00`."""
        return PROBE_TYPE

    @property
    def description(self) -> str:
        """For `pyocd list --plugins`."""
        return "emulated boards of tflm-hil"


def register() -> None:
    """Make probe and chips known to pyOCD in this process, installed entry point or not."""
    from pyocd.probe.aggregator import PROBE_CLASSES

    PROBE_CLASSES.setdefault(PROBE_TYPE, EmulatedProbePlugin().load())
