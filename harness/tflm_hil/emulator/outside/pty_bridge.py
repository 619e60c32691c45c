"""The board's serial port as a pseudo terminal of this machine.

The bridge keeps the slave side open itself, so that the tty survives its users, and in raw mode. A
thread moves bytes; the machine's thread writes directly as long as the terminal takes it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
import threading
import tty
from collections import deque
from collections.abc import Callable
from typing import Any

from tflm_hil.emulator.host_line import HostBytes
from tflm_hil.emulator.outside.line_noise import KINDS, LineNoise

_READ_BYTES = 65536
# A host that reads nothing loses what is sent to it, as with a real USB serial adapter.
_BACKLOG_BYTES = 1 << 20
_TCGETS2 = 0x802C542A  # asm-generic/ioctls.h; struct termios2 is 44 bytes, c_ospeed the last word
_TERMIOS2_BYTES = 44
_NO_SPEED = 38400  # what a new pseudo terminal says although nobody has set it


class PtyBridge:
    """`HostLine` that is a new pseudo terminal at `path`."""

    def __init__(self) -> None:
        self._sent: deque[HostBytes] = deque()
        self._machine_wakes: Callable[[], None] = lambda: None
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self.lost_bytes = 0
        self._noise: dict[str, LineNoise] = {}
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._backlog = bytearray()
        self._wake_read, self._wake_write = os.pipe()
        self._quit = False
        self._thread = threading.Thread(target=self._run, name="pty", daemon=True)

    def start(self) -> None:
        """Begin to move bytes."""
        self._thread.start()

    def close(self) -> None:
        """Stop the thread and close the terminal."""
        self._quit = True
        os.write(self._wake_write, b"q")
        if self._thread.ident is not None:
            self._thread.join()
        for fd in (self._master, self._slave, self._wake_read, self._wake_write):
            os.close(fd)

    def set_noise(self, request: dict[str, Any]) -> None:
        """Damage bytes from now on; rate 0 ends it. Raises ValueError for nonsense."""
        rate = float(request.get("rate", 0))
        seed = int(request.get("seed", 0))
        kinds = tuple(request.get("kinds", KINDS))
        directions = request.get("directions", ["in", "out"])
        if not set(directions) <= {"in", "out"}:
            raise ValueError(f"directions are 'in' and 'out', not {directions}")
        noise = {}
        if rate:
            for number, direction in enumerate(("in", "out")):
                if direction in directions:
                    noise[direction] = LineNoise(rate, 2 * seed + number, kinds)
        self._noise = noise

    def report(self) -> dict[str, Any]:
        """For the control channel."""
        return {
            "lost_bytes": self.lost_bytes,
            "noise": {direction: vars(noise.counters) for direction, noise in self._noise.items()},
        }

    # --- HostLine, on the machine's thread ---------------------------------------------------

    def connect(self, wake: Callable[[], None]) -> None:
        """`HostLine`."""
        self._machine_wakes = wake

    def take(self) -> HostBytes | None:
        """`HostLine`."""
        return self._sent.popleft() if self._sent else None

    def baud(self) -> int | None:
        """`HostLine`: the speed the host has set on its side, None if it never did."""
        termios2 = fcntl.ioctl(self._slave, _TCGETS2, bytes(_TERMIOS2_BYTES))
        speed = int(struct.unpack_from("<I", termios2, _TERMIOS2_BYTES - 4)[0])
        return None if speed in (0, _NO_SPEED) else speed

    def deliver(self, data: bytes) -> None:
        """`HostLine`: to the terminal, or to the backlog while that is full."""
        noise = self._noise.get("out")
        if noise is not None:
            data = noise.apply(data)
        with self._lock:
            if not self._backlog:
                data = data[self._write(data) :]
            if data:
                room = _BACKLOG_BYTES - len(self._backlog)
                self.lost_bytes += max(0, len(data) - room)
                self._backlog += data[:room]
                os.write(self._wake_write, b"w")

    # --- moving bytes -----------------------------------------------------------------------

    def _write(self, data: bytes | bytearray) -> int:
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def _run(self) -> None:
        while not self._quit:
            writers = [self._master] if self._backlog else []
            readable, writable, _ = select.select([self._master, self._wake_read], writers, [])
            if self._wake_read in readable:
                os.read(self._wake_read, 4096)
            if writable:
                with self._lock:
                    del self._backlog[: self._write(self._backlog)]
            if self._master in readable:
                self.look()

    def look(self) -> None:
        """Take in what the host has sent, now; from any thread."""
        with self._reading:  # what is read first is handed on first
            try:
                data = os.read(self._master, _READ_BYTES)
            except OSError as error:
                if error.errno in (errno.EIO, errno.EAGAIN):
                    return
                raise
            baud = self.baud()  # after the data: it was not sent at a speed that is yet to be set
            noise = self._noise.get("in")
            self._sent.append(HostBytes(data if noise is None else noise.apply(data), baud))
        self._machine_wakes()
