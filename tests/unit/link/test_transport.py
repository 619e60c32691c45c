"""The tty, on a pseudo-terminal whose other side the test plays."""

from __future__ import annotations

import os
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from tflm_hil.errors import LinkError, SerialPortNotFound
from tflm_hil.link.transport import SerialTransport


class Wire:
    """The board's side of the tty."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self.slave = slave

    def close(self) -> None:
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)
        self.master = self.slave = -1


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()


@pytest.fixture
def transport(wire: Wire) -> Iterator[SerialTransport]:
    transport = SerialTransport(wire.path, 115200)
    yield transport
    transport.close()


def test_reads_what_has_come(wire: Wire, transport: SerialTransport) -> None:
    os.write(wire.master, b"\0\1\2\r\n\x11\x13\xff")
    assert transport.read(100, 1.0) == b"\0\1\2\r\n\x11\x13\xff"


def test_waits_no_longer_than_told(transport: SerialTransport) -> None:
    start = time.monotonic()
    assert transport.read(100, 0.05) == b""
    assert 0.04 < time.monotonic() - start < 1.0
    assert transport.read(100, -1.0) == b""


def test_two_full_directions_do_not_block_each_other(
    wire: Wire, transport: SerialTransport
) -> None:
    """The board reads only while the host takes what it says: a plain write would hang."""
    size = 300_000
    received = bytearray()

    def board() -> None:
        sent = 0
        while len(received) < size:
            sent += os.write(wire.master, b"x" * 1000)
            received.extend(os.read(wire.master, 1000))

    thread = threading.Thread(target=board, daemon=True)
    thread.start()
    transport.write(b"y" * size)
    while thread.is_alive():
        transport.read(65536, 0.05)
    assert received == b"y" * size


def test_nothing_that_came_during_a_write_is_lost(wire: Wire, transport: SerialTransport) -> None:
    os.write(wire.master, b"early")
    transport.write(b"out")
    os.write(wire.master, b"late")
    data = b""
    while len(data) < 9:
        data += transport.read(3, 1.0)
    assert data == b"earlylate"


def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SerialPortNotFound, match="nothing-here") as caught:
        SerialTransport(str(tmp_path / "nothing-here"), 115200)
    assert "hil boards" in str(caught.value)


@pytest.mark.usefixtures("transport")
def test_a_port_in_use_is_refused(wire: Wire) -> None:
    with pytest.raises(SerialPortNotFound, match="in use by another program") as caught:
        SerialTransport(wire.path, 115200)
    assert "fuser" in caught.value.remedy


def test_a_port_that_goes_away(wire: Wire, transport: SerialTransport) -> None:
    wire.close()
    with pytest.raises(LinkError, match="went away"):
        transport.read(100, 1.0)


def test_baud_is_set(transport: SerialTransport) -> None:
    transport.baud = 921600
    assert transport.baud == 921600
