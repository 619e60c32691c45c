"""Starts an emulated board as a process of its own and owns it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from tflm_hil import scratch
from tflm_hil.emulator.outside.board_time import BoardTime
from tflm_hil.emulator.outside.client import DebugPortClient
from tflm_hil.emulator.wiring import EmulatedBoard
from tflm_hil.errors import EmulatorError
from tflm_hil.paths import IMPORT_ROOT

# One that cannot start says so or ends; on a machine with much to do, one that can takes long.
_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 5.0


class EmulatorProcess:
    """A running emulated board; use it as a context manager, or call `stop()`.

    The process also ends with its parent, so an interrupted test run leaves nothing behind.
    """

    def __init__(
        self, process: subprocess.Popen[str], announcement: dict[str, str], log: IO[str]
    ) -> None:
        self._process = process
        self._log = log
        self.uid = announcement["uid"]
        self.board = announcement["board"]
        self.tty = announcement["tty"]
        self.socket = Path(announcement["socket"])
        self.flash = Path(announcement["flash"])
        self.pid = process.pid

    @classmethod
    def start(
        cls, board: EmulatedBoard, uid: str | None = None, *, blank: bool = False
    ) -> EmulatorProcess:
        """Start one and wait until it is ready. Raises EmulatorError with what it said.

        Call it from a thread that lives as long as the board is wanted: Linux ends the board with
        the thread that started it.
        """
        command = [sys.executable, "-m", "tflm_hil.emulator.outside.server", "--json"]
        command += ["--board", board.to_json(), "--parent-pid", str(os.getpid())]
        command += ["--uid", uid] if uid else []
        command += ["--blank"] if blank else []
        paths = [str(IMPORT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            # Ctrl-C in a terminal is for the test run, which then stops its boards in order.
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)} | scratch.mark(),
        )
        try:
            return cls(process, cls._announcement(process, log), log)
        except BaseException:
            process.kill()
            process.wait()
            raise

    @staticmethod
    def _announcement(process: subprocess.Popen[str], log: IO[str]) -> dict[str, str]:
        assert process.stdout is not None
        deadline = time.monotonic() + _START_TIMEOUT_S
        ready, _, _ = select.select([process.stdout], [], [], deadline - time.monotonic())
        line = process.stdout.readline() if ready else ""
        if not line:
            process.kill()
            process.wait()
            raise EmulatorError(
                f"the emulated board did not start: {_tail(log) or 'it said nothing'}",
                remedy="run `python -m tflm_hil.emulator.outside.server` to see it fail",
            )
        announcement: dict[str, str] = json.loads(line)
        if "error" in announcement:
            process.wait()
            raise EmulatorError(announcement["error"], remedy=announcement["remedy"])
        return announcement

    def clock(self) -> BoardTime:
        """The board's own time, by which to be patient."""
        return BoardTime(self.uid)

    def alive(self) -> bool:
        """The process runs."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """What the process wrote to its standard error."""
        return _tail(self._log)

    def control(self, request: dict[str, Any]) -> dict[str, Any]:
        """One control request on a connection of its own. Raises EmulatorError."""
        with DebugPortClient(self.socket) as port:
            return port.control(request)

    def stop(self) -> None:
        """End the process; harmless when it has ended."""
        if self.alive():
            self._process.terminate()
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        with contextlib.suppress(ValueError):
            self._log.close()

    def __enter__(self) -> EmulatorProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _tail(log: IO[str]) -> str:
    if log.closed:
        return ""
    log.seek(0)
    return log.read()[-2000:].strip()
