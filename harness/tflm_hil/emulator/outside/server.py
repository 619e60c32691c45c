"""The process of one emulated board: `python -m tflm_hil.emulator.outside.server --board JSON`.

It prints where its tty and its probe are, and runs until it is stopped by SIGTERM, SIGINT, a
control request, or the death of the parent named with --parent-pid.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from tflm_hil.emulator.machine import Machine
from tflm_hil.emulator.memory import open_flash
from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.board_time import TimeKeeper
from tflm_hil.emulator.outside.dap import Dap
from tflm_hil.emulator.outside.debug_server import DebugServer
from tflm_hil.emulator.outside.pty_bridge import PtyBridge
from tflm_hil.emulator.wiring import EmulatedBoard
from tflm_hil.errors import HilError

_PR_SET_PDEATHSIG = 1
# Shorter turns than Python's 5 ms: a core busy in Python callbacks must not starve the debugger.
_SWITCH_INTERVAL_S = 0.0005


class Server:
    """An emulated board with everything around it."""

    def __init__(self, board: EmulatedBoard, uid: str | None, *, blank: bool) -> None:
        self._stopped = threading.Event()
        self._claim = registry.claim(board.uid_prefix, uid)
        try:
            flash = open_flash(self._claim.flash_fd, blank=blank)
            self.bridge = PtyBridge()
            self.machine = Machine(
                board,
                self.bridge,
                flash=flash,
                unique_id=self._claim.uid[-12:].encode(),
                on_failure=self.stop,
            )
            path = self._claim.socket_path
            self._debug_server = DebugServer(path, Dap(self.machine), self.control)
            self._time = TimeKeeper(
                registry.time_path(self._claim.uid),
                virtual_s=lambda: self.machine.virtual_s,
                idle=lambda: self.machine.idle,
                look=self.bridge.look,
            )
        except BaseException:
            self._claim.release()
            raise
        self.entry = registry.Entry(
            uid=self._claim.uid,
            pid=os.getpid(),
            board=board.id,
            socket=str(path),
            tty=self.bridge.path,
            flash=str(registry.flash_path(self._claim.uid)),
        )

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop()`. Raises what the machine died of.

        `on_ready` is called when the board can be found and reached: who starts one looks it up
        by uid at once.
        """
        self.machine.start()
        self.bridge.start()
        self._time.start()
        self._debug_server.start()
        self._claim.publish(self.entry)
        try:
            on_ready()
            self._stopped.wait()
        finally:
            self._claim.withdraw()
            self._time.close()
            self._debug_server.close()
            self.machine.close()
            self.bridge.close()
            self._claim.release()
        if self.machine.failure is not None:
            raise self.machine.failure

    def stop(self) -> None:
        """End `run()`; callable from a signal handler and any thread."""
        self._stopped.set()

    def control(self, request: dict[str, Any]) -> dict[str, Any]:
        """Requests of the control channel. Raises ValueError for unknown ones."""
        match request:
            case {"get": "state"}:
                with self.machine.paused():
                    return self.machine.report() | {"line": self.bridge.report()}
            case {"get": "entry"}:
                return vars(self.entry)
            case {"set": "line_noise"}:
                self.bridge.set_noise(request)
            case {"set": "blank"}:
                with self.machine.paused():
                    self.machine.debugger.erase_flash()
            case {"set": "clear_findings"}:
                with self.machine.paused():
                    self.machine.findings.clear()
            case {"set": "stop"}:
                # The answer goes out before the process does.
                threading.Timer(0.05, self.stop).start()
            case _:
                raise ValueError(f"unknown control request {request}")
        return {}


def _die_with_parent(parent_pid: int, server: Server) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_pid:  # it died before we asked
        server.stop()


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `serve` wants to be asked, besides the board."""
    parser.add_argument("--uid", help="unique id of its probe (default: the first free one)")
    parser.add_argument("--blank", action="store_true", help="start with erased flash")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("--parent-pid", type=int, help="stop when this parent process ends")


def serve(board: EmulatedBoard, arguments: argparse.Namespace) -> int:
    """Run a board with the options of `add_options` until it is stopped: the exit status."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        server = Server(board, arguments.uid, blank=arguments.blank)
    except HilError as error:
        return _refuse(error, as_json=arguments.json)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: server.stop())
    if arguments.parent_pid is not None:
        _die_with_parent(arguments.parent_pid, server)
    server.run(lambda: _announce(server.entry, as_json=arguments.json))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the board that `--board` describes. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tflm_hil.emulator.outside.server",
        description="Run an emulated board until it is stopped (Ctrl-C).",
    )
    parser.add_argument("--board", required=True, help="what EmulatedBoard.to_json() gives")
    add_options(parser)
    arguments = parser.parse_args(argv)
    try:
        board = EmulatedBoard.from_json(arguments.board)
    except HilError as error:
        return _refuse(error, as_json=arguments.json)
    return serve(board, arguments)


def _refuse(error: HilError, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error": error.what, "remedy": error.remedy}), flush=True)
    else:
        print(error, file=sys.stderr)
    return 1


def _announce(entry: registry.Entry, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(vars(entry)), flush=True)
        return
    print(
        f"{entry.board} (emulated)  probe {entry.uid}  tty {entry.tty}  debug port {entry.socket}"
        "\nRunning until Ctrl-C. Try `pyocd list` or `hil boards` in another terminal.",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
