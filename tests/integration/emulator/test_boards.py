"""Another board round the same chip: a crystal, and the tty on other pins of another USART."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
import serial
from tflm_hil.emulator.outside.pty_bridge import PtyBridge
from tflm_hil.emulator.wiring import EmulatedBoard

from tests.support.bare_metal import Board, Program
from tests.support.emulated_boards import DISCO, NUCLEO
from tests.support.scripted_line import ScriptedLine

Start = Callable[..., tuple[Board, ScriptedLine]]


@pytest.fixture
def start(program: Callable[[str], Program]) -> Iterator[Start]:
    """Starts the echo for the crystal's board on any board."""
    boards: list[Board] = []

    def run(wiring: EmulatedBoard, test_case: int = 0) -> tuple[Board, ScriptedLine]:
        line = ScriptedLine(speed=1_000_000)
        board = Board(program("crystal_serial"), wiring, line)
        boards.append(board)
        board.prepare(test_case)
        board.machine.start()
        return board, line

    yield run
    for board in boards:
        board.machine.close()


def test_a_crystal_and_usart1_reach_the_tty(program: Callable[[str], Program]) -> None:
    bridge = PtyBridge()
    board = Board(program("crystal_serial"), DISCO, bridge)
    with serial.Serial(bridge.path, 1_000_000, timeout=60) as port:
        bridge.start()
        board.machine.start()
        try:
            assert port.read(1) == b"!"
            data = random.Random(2).randbytes(500)
            port.write(data)
            assert port.read(len(data)) == data
            with board.machine.paused():
                assert board.machine.report()["core_clock_hz"] == 100_000_000
            assert board.rules() == set()
        finally:
            board.machine.close()
            bridge.close()


def test_any_host_line_will_do(start: Start) -> None:
    board, line = start(DISCO)
    board.wait(lambda: line.received == b"!")
    line.send(b"hello")
    line.send(b", board")
    board.wait(lambda: line.received == b"!hello, board")
    line.speed = 115_200
    line.send(b"garbled")
    board.wait(lambda: board.machine.console.counters.garbled_in == 7)
    assert board.rules() <= {"usart-overrun"}


def test_a_bypassed_crystal_never_starts(start: Start) -> None:
    board, line = start(DISCO, 1)
    board.wait(lambda: board.machine.cycles > 1_000_000)
    assert board.rules() == {"hse-crystal"}
    assert board.out(1) == 0
    assert not line.received


def test_firmware_for_another_board_is_found(start: Start) -> None:
    board, line = start(NUCLEO)
    board.wait(lambda: "usart-unconnected" in board.rules())
    sentences = {f["rule"]: f["sentence"] for f in board.machine.findings.as_json()}
    assert "USART1 sends on PA9, where nobody listens" in sentences["usart-unconnected"]
    assert "NUCLEO-F746ZG feeds it with a clock of 8 MHz" in sentences["hse-bypass"]
    assert line.received == b""
