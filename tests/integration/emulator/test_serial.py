"""The board's UART as a tty of this machine, opened as any user would: with pyserial."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import pytest
import serial
from tflm_hil.emulator.outside.pty_bridge import PtyBridge

from tests.support.bare_metal import Board, Program

BAUD = 1_000_000
SILENCE_S = 10


@pytest.fixture
def echo(program: Callable[[str], Program]) -> Iterator[tuple[Board, PtyBridge]]:
    bridge = PtyBridge()
    made = Board(program("serial"), line=bridge)
    made.prepare(0)
    bridge.start()
    made.machine.start()
    yield made, bridge
    made.machine.close()
    bridge.close()


def _exchange(port: serial.Serial, data: bytes) -> bytes:
    """What comes back; gives up when nothing has come for ten seconds."""
    received = bytearray()
    for start in range(0, len(data), 4096):
        port.write(data[start : start + 4096])
        received += port.read(port.in_waiting)
    deadline = time.monotonic() + SILENCE_S
    while len(received) < len(data) and time.monotonic() < deadline:
        if more := port.read(max(1, port.in_waiting)):
            received += more
            deadline = time.monotonic() + SILENCE_S
    return bytes(received)


def test_bytes_come_back(echo: tuple[Board, PtyBridge]) -> None:
    _, bridge = echo
    data = random.Random(1).randbytes(20_000)
    with serial.Serial(bridge.path, BAUD, timeout=0.2) as port:
        assert _exchange(port, data) == data


def test_the_line_takes_its_virtual_time(echo: tuple[Board, PtyBridge]) -> None:
    board, bridge = echo
    with serial.Serial(bridge.path, BAUD, timeout=0.2) as port:
        assert _exchange(port, b"x") == b"x"
        before = board.machine.cycles
        assert len(_exchange(port, bytes(1000))) == 1000
        virtual_s = (board.machine.cycles - before) / 16e6
    assert 0.0099 < virtual_s < 0.013  # 10,000 bits at 1 Mbit/s, and the polls around them


def test_waiting_for_a_byte_costs_no_processor_time(echo: tuple[Board, PtyBridge]) -> None:
    _, bridge = echo
    with serial.Serial(bridge.path, BAUD, timeout=0.2) as port:
        assert _exchange(port, b"x") == b"x"
        before = time.process_time()
        time.sleep(0.5)
        assert time.process_time() - before < 0.15
        start = time.monotonic()
        assert _exchange(port, b"y") == b"y"
        assert time.monotonic() - start < 0.1


def test_the_wrong_speed_garbles(echo: tuple[Board, PtyBridge]) -> None:
    board, bridge = echo
    with serial.Serial(bridge.path, 115200, timeout=0.2) as port:
        port.write(b"hello")
        assert port.read(5) != b"hello"
    board.wait(lambda: board.machine.console.counters.garbled_in == 5)


def test_noise_damages_at_its_rate_and_can_be_ended(echo: tuple[Board, PtyBridge]) -> None:
    _, bridge = echo
    data = bytes(8000)
    with serial.Serial(bridge.path, BAUD, timeout=0.2) as port:
        bridge.set_noise({"rate": 0.025, "seed": 3, "kinds": ["flip"], "directions": ["out"]})
        noisy = _exchange(port, data)
        assert len(noisy) == len(data)
        damaged = len(data) - noisy.count(0)
        assert 120 < damaged < 290
        assert bridge.report()["noise"]["out"]["flip"] == damaged
        bridge.set_noise({"rate": 0})
        assert _exchange(port, data) == data


def test_a_host_that_does_not_read_does_not_stop_the_board(echo: tuple[Board, PtyBridge]) -> None:
    board, bridge = echo
    with serial.Serial(bridge.path, BAUD, timeout=0.2) as port:
        for _ in range(5):  # more than a tty holds (4 kB)
            port.write(bytes(4096))
        # However slow this machine is: what is asked for is that the board goes on.
        board.wait(lambda: board.out(0) == 20480, progress=lambda: board.out(0))
        with board.machine.paused():
            assert board.machine.console.counters.bytes_out >= 20470
