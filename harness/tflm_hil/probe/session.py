"""Short pyOCD sessions with the right options, and pyOCD's exceptions in our terms.

A session connects, does one thing and closes: an open one halts or slows the core, and the next
measurement would be wrong. pyOCD takes a quarter of a second to import, so it is imported when the
first session is opened, not before; a warm run needs none.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tflm_hil.errors import (
    ConfigurationError,
    EmulatorError,
    FlashError,
    HilError,
    ProbeBusy,
    ProbeNotFound,
    TargetUnreachable,
)
from tflm_hil.probe.flash_layout import FlashLayout

Mode = Literal["under-reset", "halt", "attach"]

_RETRY_PAUSE_S = 0.5
_REPLUG = (
    "unplug the board's USB cable for some seconds and plug it in again; if it stays so, update "
    "the ST-LINK firmware (STSW-LINK007)"
)


@dataclass(frozen=True)
class ProbeSettings:
    """Which probe, and how to use it on which chip. `board` is only for messages.

    `target` is the chip's name in `probe.targets`.

    `connect_mode` is for operations that may reset the board; looking at a running or hung board
    always attaches.
    """

    uid: str
    target: str
    flash: FlashLayout
    board: str = ""
    emulated: bool = False
    connect_mode: Mode = "under-reset"
    frequency_hz: int = 4_000_000
    open_attempts: int = 3
    flash_timeout_s: float = 60.0


@contextmanager
def open_session(settings: ProbeSettings, mode: Mode | None = None) -> Iterator[Any]:
    """A pyOCD session on the board, closed (and the core resumed) at the end.

    Raises ProbeNotFound, ProbeBusy, TargetUnreachable, EmulatorError. What is raised inside the
    `with` block passes unchanged: wrap calls of pyOCD in `in_our_terms`.
    """
    session = _open(settings, mode or settings.connect_mode)
    try:
        yield session
    finally:
        session.close()


def attached_uids() -> list[str]:
    """Every probe that pyOCD sees, emulated boards included: "uid (product)"."""
    _prepare_pyocd()
    from pyocd.probe.aggregator import DebugProbeAggregator

    probes = DebugProbeAggregator.get_all_connected_probes()
    return sorted(f"{probe.unique_id} ({probe.product_name})" for probe in probes)


@contextmanager
def in_our_terms(settings: ProbeSettings) -> Iterator[None]:
    """Let HilErrors pass and turn pyOCD's and USB's errors into them, FlashError included."""
    from pyocd.core import exceptions

    try:
        yield
    except HilError:
        raise
    except (exceptions.Error, OSError, AssertionError) as error:
        # pyOCD asserts on an access port that answers nonsense; libusb's errors are OSErrors.
        raise _translate(error, settings) from error


def _open(settings: ProbeSettings, mode: Mode) -> Any:
    """Bounded attempts: a wedged ST-LINK often comes back by itself, a missing one does not."""
    _prepare_pyocd()
    for attempt in range(1, settings.open_attempts + 1):
        try:
            with in_our_terms(settings):
                return _open_once(settings, mode)
        except (TargetUnreachable, ProbeBusy):
            if attempt == settings.open_attempts:
                raise
        time.sleep(_RETRY_PAUSE_S * attempt)
    raise AssertionError("open_attempts is at least 1")


def _open_once(settings: ProbeSettings, mode: Mode) -> Any:
    from pyocd.core import exceptions
    from pyocd.core.session import Session
    from pyocd.probe.aggregator import DebugProbeAggregator

    from tflm_hil.probe.pyocd_plugin import PROBE_TYPE

    # The explicit type keeps pyOCD from searching all of USB for an emulated board.
    uid = f"{PROBE_TYPE}:{settings.uid}" if settings.emulated else settings.uid
    probe = DebugProbeAggregator.get_probe_with_id(uid)
    if probe is None:
        raise ProbeNotFound(
            f"no probe with serial {settings.uid}; attached: "
            f"{', '.join(attached_uids()) or 'none'}",
            remedy="start it with `hil emulate`"
            if settings.emulated
            else "check the USB cable and probe.uid in hil.toml, or run `hil boards`; on Linux a "
            "probe cannot be seen without pyOCD's udev rules, although its serial port can",
            board=settings.board,
        )
    session = Session(probe, auto_open=False, options=_options(settings, mode))
    try:
        session.open()
    except BaseException:
        # pyOCD would leave the board in reset when it fails in between.
        with suppress(exceptions.Error, OSError):
            if probe.is_open and probe.is_reset_asserted():
                probe.assert_reset(False)
        session.close()
        raise
    return session


def _options(settings: ProbeSettings, mode: Mode) -> dict[str, Any]:
    timeout_s = settings.flash_timeout_s
    return {
        "no_config": True,  # a pyocd.yaml that happens to lie there must not change a test
        "project_dir": str(Path.cwd()),  # pyOCD changes into it; elsewhere would break our paths
        "target_override": settings.target,
        "auto_unlock": False,  # unlocking is a mass erase: never without being asked
        "connect_mode": mode,
        "frequency": settings.frequency_hz,
        "resume_on_disconnect": True,
        "chip_erase": "sector",  # a chip erase would take the models with it
        "smart_flash": True,
        "keep_unwritten": False,
        "hide_programming_progress": True,
        "rtos.enable": False,
        "flash.timeout.init": timeout_s,
        "flash.timeout.erase_sector": timeout_s,
        "flash.timeout.program": timeout_s,
        # Settling times of a real reset line and clock; the emulated ones have none.
        "reset.hold_time": 0.0 if settings.emulated else 0.1,
        "reset.post_delay": 0.0 if settings.emulated else 0.1,
    }


def _prepare_pyocd() -> None:
    # pyOCD first: while it is imported it loads our plugin through the entry point, and a plugin
    # whose own import started it would still be half done then.
    import pyocd.probe.aggregator  # noqa: F401

    from tflm_hil.probe import pyocd_plugin

    # Without a handler of its own pyOCD would print to stderr, into the middle of a report.
    logger = logging.getLogger("pyocd")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    pyocd_plugin.register()


def _translate(error: BaseException, settings: ProbeSettings) -> HilError:
    from pyocd.core import exceptions

    board, uid = settings.board, settings.uid
    if isinstance(error.__cause__, EmulatorError):
        cause = error.__cause__
        return EmulatorError(cause.what, remedy=cause.remedy, board=board)
    if isinstance(error, exceptions.FlashFailure):
        where = f" at {error.address:#010x}" if error.address is not None else ""
        code = f" (algorithm result {error.result_code:#x})" if error.result_code else ""
        return FlashError(
            f"flash operation failed{where}: {error.args[0] if error.args else error}{code}",
            remedy="check the option bytes for write protection (`pyocd cmd`), and the supply",
            board=board,
        )
    number = _errno(error)
    text = str(error).lower()
    if number in (errno.EBUSY, errno.EAGAIN) or "busy" in text:
        return ProbeBusy(
            f"probe {uid} is in use by another program: {error}",
            remedy="close the debugger, gdbserver or IDE that has it open",
            board=board,
        )
    if number == errno.EACCES or "access denied" in text:
        return ProbeBusy(
            f"no permission to open probe {uid}: {error}",
            remedy="on Linux install pyOCD's udev rules and replug; elsewhere close what uses it",
            board=board,
        )
    if isinstance(error, exceptions.ProbeDisconnected) or number == errno.ENODEV:
        return ProbeNotFound(
            f"probe {uid} went away: {error}", remedy="check the USB cable", board=board
        )
    if isinstance(error, exceptions.TransferFaultError):
        address = error.fault_address
        return TargetUnreachable(
            "the processor's bus refused a debug access"
            + (f" at {address:#010x}" if address is not None else ""),
            remedy="correct the address, or turn the clock on of what lies there",
            board=board,
        )
    if isinstance(error, exceptions.TargetSupportError):
        return ConfigurationError(
            f"probe {uid}: {error}",
            remedy="check probe.uid and probe.target: this is another board",
            board=board,
        )
    return TargetUnreachable(
        f"probe {uid} is there, but the processor does not answer: {str(error) or 'no answer'}",
        remedy=_REPLUG,
        board=board,
    )


def _errno(error: BaseException) -> int | None:
    seen: BaseException | None = error
    while seen is not None:
        number = getattr(seen, "errno", None)
        if isinstance(number, int):
            return number
        seen = seen.__cause__
    return None
