"""Serves the debug port of a machine on a Unix socket, to one or more clients."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tflm_hil.emulator.outside.dap import Dap, DapFault
from tflm_hil.emulator.outside.socket_path import short_name
from tflm_hil.emulator.outside.wire import (
    CONTROL_REPLY,
    MAX_BLOCK_WORDS,
    MAX_CONTROL_BYTES,
    REQUEST,
    STATUS_FAULT,
    STATUS_OK,
    Op,
    pack_words,
    unpack_words,
)
from tflm_hil.errors import EmulatorError

ControlHandler = Callable[[dict[str, Any]], dict[str, Any]]


class DebugServer:
    """Listens at `path` (mode 0600) from the constructor on. Raises EmulatorError if it cannot."""

    def __init__(self, path: Path, dap: Dap, control: ControlHandler) -> None:
        self._dap = dap
        self._control = control
        self._transfer = threading.Lock()  # the port is one wire, however many hold it
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        old_mask = os.umask(0o177)
        try:
            with short_name(path) as name:
                self._listener.bind(name)
        except OSError as error:
            self._listener.close()
            raise EmulatorError(
                f"the debug port cannot listen at {path}: {error.strerror or error}",
                remedy="move the sockets of emulated boards with XDG_RUNTIME_DIR",
            ) from error
        finally:
            os.umask(old_mask)
        self._listener.listen(8)

    def start(self) -> None:
        """Accept clients on a thread of its own."""
        threading.Thread(target=self._accept, name="debug-server", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            session = _Session(stream, connection, self._dap, self._control, self._transfer)
            # A client that goes away, or talks nonsense, ends its own session only.
            with contextlib.suppress(EOFError, OSError, ValueError, struct.error):
                while True:
                    session.serve_one()


class _Session:
    """One client."""

    def __init__(
        self,
        stream: io.BufferedReader,
        connection: socket.socket,
        dap: Dap,
        control: ControlHandler,
        transfer: threading.Lock,
    ) -> None:
        self._stream = stream
        self._connection = connection
        self._dap = dap
        self._control = control
        self._transfer = transfer
        self._posted_fault = False

    def serve_one(self) -> None:
        """Handle one request. Raises EOFError when the client is gone."""
        op, address, value = REQUEST.unpack(self._take(REQUEST.size))
        match Op(op):
            case Op.READ_DP:
                self._read(1, lambda: [self._dap.read_dp(address)])
            case Op.READ_AP:
                self._read(1, lambda: [self._dap.read_ap(address)])
            case Op.READ_AP_MULTIPLE:
                count = self._bounded(value, MAX_BLOCK_WORDS)
                self._read(count, lambda: self._dap.read_ap_multiple(address, count))
            case Op.WRITE_DP:
                self._write(lambda: self._dap.write_dp(address, value))
            case Op.WRITE_AP:
                self._write(lambda: self._dap.write_ap(address, value))
            case Op.WRITE_AP_MULTIPLE:
                words = unpack_words(self._take(4 * self._bounded(value, MAX_BLOCK_WORDS)))
                self._write(lambda: self._dap.write_ap_multiple(address, words))
            case Op.NRESET:
                self._write(lambda: self._dap.reset_line(bool(value)))
            case Op.CONTROL:
                self._answer_control(self._take(self._bounded(value, MAX_CONTROL_BYTES)))

    def _take(self, length: int) -> bytes:
        data = self._stream.read(length)
        if len(data) < length:
            raise EOFError
        return data

    @staticmethod
    def _bounded(value: int, limit: int) -> int:
        if value > limit:
            raise ValueError(f"a length of {value} is not sensible")
        return value

    def _write(self, transfer: Callable[[], None]) -> None:
        try:
            with self._transfer:
                transfer()
        except DapFault:
            self._posted_fault = True

    def _read(self, count: int, transfer: Callable[[], list[int]]) -> None:
        try:
            with self._transfer:
                words = transfer()
        except DapFault:
            words = [0] * count
            status = STATUS_FAULT
        else:
            status = STATUS_FAULT if self._posted_fault else STATUS_OK
        self._posted_fault = False
        self._connection.sendall(bytes([status]) + pack_words(words))

    def _answer_control(self, body: bytes) -> None:
        status = STATUS_OK
        try:
            reply = self._control(json.loads(body))
        except (ValueError, TypeError, KeyError) as error:
            status, reply = STATUS_FAULT, {"error": str(error)}
        data = json.dumps(reply).encode()
        self._connection.sendall(CONTROL_REPLY.pack(status, len(data)) + data)
