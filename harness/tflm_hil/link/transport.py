"""The byte stream to the board: a tty.

`SerialTransport` opens it with pyserial, which sets line parameters and takes the exclusive lock
(flock), and then moves bytes with plain reads and writes on the descriptor: large pieces, no
copies per byte. A write that cannot go on collects what arrives meanwhile, so that the two
sides can never wait for each other with both buffers full.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
from typing import Protocol

import serial

from tflm_hil.errors import LinkError, SerialPortNotFound
from tflm_hil.link.clock import Clock, WallClock

_CHUNK = 65536
_STALLED_S = 10.0


class Transport(Protocol):
    """What the link needs of a byte stream."""

    @property
    def name(self) -> str:
        """For messages, e.g. "/dev/ttyACM0"."""

    @property
    def baud(self) -> int:
        """Bits a second, of the host's side."""

    @baud.setter
    def baud(self, value: int) -> None: ...

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """What has arrived; waits up to `timeout_s` [s] for the first byte, b"" if none came."""

    def write(self, data: bytes) -> None:
        """Hands all of `data` to the line."""

    def close(self) -> None:
        """Give the port back; reading and writing end."""


class SerialTransport:
    """A tty, real or emulated; `clock` (None: wall time) says how long it may take no byte.

    Raises SerialPortNotFound if it cannot be opened, LinkError if it goes away or stops taking
    bytes.
    """

    def __init__(self, tty: str, baud: int, *, clock: Clock | None = None) -> None:
        self._clock = clock or WallClock()
        try:
            # timeout 0: the descriptor does not block
            self._port = serial.Serial(tty, baud, timeout=0, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            if getattr(error, "errno", None) in (errno.EAGAIN, errno.EBUSY):
                raise SerialPortNotFound(
                    f"{tty} is in use by another program",
                    remedy="close the terminal program or test run that has it open; "
                    f"`fuser {tty}` names it (on Linux it may be ModemManager, for some seconds "
                    "after plugging in)",
                ) from error
            raise SerialPortNotFound(
                f"{tty} cannot be opened: {error}",
                remedy="check that the board is attached, that you are in the group that `ls -l` "
                "shows for the port (dialout) and that no other program holds it; `hil boards` "
                "shows what is there",
            ) from error
        self._fd: int = self._port.fileno()
        self._tty = tty
        self._early = bytearray()  # arrived while a write was waiting

    @property
    def name(self) -> str:
        """For messages: the path of the tty."""
        return self._tty

    @property
    def baud(self) -> int:
        """Bits a second, as the tty is set."""
        return int(self._port.baudrate)

    @baud.setter
    def baud(self, value: int) -> None:
        self._port.baudrate = value

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """What has arrived, see `Transport.read`. Raises LinkError if the tty is gone."""
        if self._early:
            data = bytes(self._early[:max_bytes])
            del self._early[:max_bytes]
            return data
        try:
            if not select.select([self._fd], [], [], max(0.0, timeout_s))[0]:
                return b""
            data = os.read(self._fd, max_bytes)
        except (OSError, ValueError, TypeError) as error:
            raise self._gone(error) from error
        if not data:
            raise self._gone(None)
        return data

    def write(self, data: bytes) -> None:
        """Hands over all of `data`. Raises LinkError if the tty is gone or takes nothing."""
        rest = memoryview(data)
        deadline = self._clock.now() + _STALLED_S
        while rest:
            try:
                readable, writable, _ = select.select([self._fd], [self._fd], [], 1.0)
                if readable:
                    self._early += os.read(self._fd, _CHUNK)
                if writable:
                    rest = rest[os.write(self._fd, rest) :]
                    deadline = self._clock.now() + _STALLED_S
            except BlockingIOError:
                pass
            except (OSError, ValueError, TypeError) as error:
                raise self._gone(error) from error
            if self._clock.now() > deadline:
                raise LinkError(
                    f"{self._tty} has taken no byte for {_STALLED_S:.0f} s",
                    remedy="replug the board (or restart `hil emulate`), then try again",
                )

    def close(self) -> None:
        """Close the tty; closing twice does no harm."""
        with contextlib.suppress(OSError, serial.SerialException):
            self._port.close()

    def _gone(self, cause: Exception | None) -> LinkError:
        return LinkError(
            f"{self._tty} went away" + (f": {cause}" if cause else ""),
            remedy="plug the board in again, or restart its emulator; `hil boards` shows what is "
            "there",
        )
