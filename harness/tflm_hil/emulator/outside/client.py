"""The debug port of a running emulated board, seen from another process.

    port = DebugPortClient(entry.socket)
    port.connect()
    port.read_dp(0x0)               # DPIDR
    port.control({"get": "state"})  # what no debug probe could tell

Register-level SWD: the caller does SELECT, TAR and DRW. See `tflm_hil.emulator.outside.wire` for
the bytes.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from tflm_hil.emulator.outside.socket_path import short_name
from tflm_hil.emulator.outside.wire import (
    CONTROL_REPLY,
    REQUEST,
    STATUS_OK,
    Op,
    pack_words,
    unpack_words,
)
from tflm_hil.errors import EmulatorError

_RDBUFF = 0xC


class DebugPortFault(Exception):
    """The debug port answered FAULT: a sticky error is set and must be cleared through ABORT."""


class DebugPortClient:
    """One connection to an emulated board.

    Writes are collected and sent with the next read or `flush()`; a fault of a posted write is
    raised there. Calls from several threads are serialised. `EmulatorError` means that the
    emulator is gone.
    """

    def __init__(self, socket_path: Path | str, *, timeout_s: float = 30.0) -> None:
        self._path = Path(socket_path)
        self._timeout_s = timeout_s
        self._lock = threading.RLock()
        self._socket: socket.socket | None = None
        self._posted = bytearray()
        self._writes_in_flight = False

    @property
    def is_connected(self) -> bool:
        """Between `connect()` and `close()`."""
        return self._socket is not None

    def connect(self) -> None:
        """Open the connection. Raises EmulatorError if nobody listens there."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._timeout_s)
        try:
            with short_name(self._path) as name:
                connection.connect(name)
        except OSError as error:
            connection.close()
            raise EmulatorError(
                f"the emulated board at {self._path} does not answer: {error.strerror or error}",
                remedy="start one with `hil emulate`",
            ) from error
        with self._lock:
            self._socket = connection
            self._posted.clear()
            self._writes_in_flight = False

    def close(self) -> None:
        """Send what is still posted and close; harmless when already closed."""
        with self._lock:
            connection, self._socket = self._socket, None
            if connection is None:
                return
            with suppress(OSError):  # if the emulator went away first, nothing is left to send to
                connection.sendall(self._posted)
            self._posted.clear()
            connection.close()

    def __enter__(self) -> DebugPortClient:
        if not self.is_connected:
            self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- debug port -------------------------------------------------------------------------

    def read_dp(self, address: int) -> int:
        """A debug port register. Raises DebugPortFault."""
        return self._read(Op.READ_DP, address, 1, 1)[0]

    def write_dp(self, address: int, value: int) -> None:
        """Posted write of a debug port register."""
        self._post(REQUEST.pack(Op.WRITE_DP, address & 0xFF, value & 0xFFFFFFFF))

    def read_ap(self, address: int) -> int:
        """A register of the selected access port. Raises DebugPortFault."""
        return self._read(Op.READ_AP, address, 1, 1)[0]

    def write_ap(self, address: int, value: int) -> None:
        """Posted write of a register of the selected access port."""
        self._post(REQUEST.pack(Op.WRITE_AP, address & 0xFF, value & 0xFFFFFFFF))

    def read_ap_multiple(self, address: int, count: int) -> list[int]:
        """The same access-port register `count` times. Raises DebugPortFault."""
        return self._read(Op.READ_AP_MULTIPLE, address, count, count)

    def write_ap_multiple(self, address: int, values: list[int]) -> None:
        """Posted writes of the same access-port register, one for each value."""
        request = REQUEST.pack(Op.WRITE_AP_MULTIPLE, address & 0xFF, len(values))
        self._post(request + pack_words(values))

    def nreset(self, asserted: bool) -> None:
        """Drive the reset line. Sent at once: others may be watching the clock."""
        self._post(REQUEST.pack(Op.NRESET, 0, int(asserted)))
        with self._lock:
            self._send()

    def flush(self) -> None:
        """Wait until all posted writes are done. Raises DebugPortFault if one of them failed."""
        with self._lock:
            if self._posted or self._writes_in_flight:
                self.read_dp(_RDBUFF)

    # --- beyond a debug probe ---------------------------------------------------------------

    def control(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask the emulator itself. Raises EmulatorError if it refuses the request."""
        body = json.dumps(request).encode()
        with self._lock:
            self._posted += REQUEST.pack(Op.CONTROL, 0, len(body)) + body
            self._send()
            status, length = CONTROL_REPLY.unpack(self._receive(CONTROL_REPLY.size))
            reply: dict[str, Any] = json.loads(self._receive(length))
        if status != STATUS_OK:
            raise EmulatorError(
                f"the emulated board refused {request}: {reply.get('error', 'no reason given')}"
            )
        return reply

    # --- bytes ------------------------------------------------------------------------------

    def _post(self, data: bytes) -> None:
        with self._lock:
            self._posted += data
            self._writes_in_flight = True
            if len(self._posted) > 1 << 16:
                self._send()

    def _read(self, op: Op, address: int, value: int, words: int) -> list[int]:
        with self._lock:
            self._posted += REQUEST.pack(op, address & 0xFF, value)
            self._send()
            reply = self._receive(1 + 4 * words)
            self._writes_in_flight = False
        if reply[0] != STATUS_OK:
            raise DebugPortFault
        return unpack_words(reply[1:])

    def _send(self) -> None:
        if self._socket is None:
            raise EmulatorError("the debug port is not open", remedy="call connect() first")
        try:
            self._socket.sendall(self._posted)
        except OSError as error:
            raise self._gone() from error
        finally:
            self._posted.clear()

    def _receive(self, length: int) -> bytes:
        assert self._socket is not None
        parts = bytearray()
        while len(parts) < length:
            try:
                part = self._socket.recv(length - len(parts))
            except OSError as error:
                raise self._gone() from error
            if not part:
                raise self._gone()
            parts += part
        return bytes(parts)

    def _gone(self) -> EmulatorError:
        return EmulatorError(
            f"the emulated board at {self._path} stopped answering",
            remedy="start it again with `hil emulate`; it was stopped or died",
        )
