"""A board file and its firmware directory say the same of the board.

What the running board makes of it is held against the board file in tests/hil/test_identity.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tflm_hil.boards.spec import board_files, load_spec

FIRMWARE = Path(__file__).parents[3] / "firmware"
UNITS = {"": 1, "K": 1024, "M": 1024 * 1024}


def text_of(board: str, file: str) -> str:
    spec = load_spec(board, environment={})
    return (FIRMWARE / "board" / spec.firmware_board / file).read_text()


def region(script: str, name: str) -> tuple[int, int]:
    match = re.search(rf"^ *{name} .*ORIGIN = (\w+), LENGTH = (\d+)([KM]?)", script, re.MULTILINE)
    assert match is not None
    return int(match[1], 16), int(match[2]) * UNITS[match[3]]


@pytest.mark.parametrize("board", board_files())
def test_firmware_and_slot_lie_where_the_linker_puts_them(board: str) -> None:
    script, flash = text_of(board, "memory.ld"), load_spec(board, environment={}).flash
    assert region(script, "FLASH") == (flash.firmware_address, flash.firmware_bytes)
    assert region(script, "SLOT") == (flash.slot_address, flash.slot_bytes)


@pytest.mark.parametrize("board", board_files())
def test_the_oscillator_is_the_same(board: str) -> None:
    header, clock = text_of(board, "clock_tree.h"), load_spec(board, environment={}).clock
    assert f"kHseHz = {clock.hse_hz:_};".replace("_", "'") in header
    assert f"kHseIsCrystal = {str(clock.hse == 'crystal').lower()};" in header


@pytest.mark.parametrize("board", board_files())
def test_the_console_is_the_same(board: str) -> None:
    header, console = text_of(board, "console.h"), load_spec(board, environment={}).console
    assert f"using Usart = {console.usart.capitalize()};" in header
    for name, pin in (("TxPin", console.tx), ("RxPin", console.rx)):
        assert f"using {name} = Pin<Gpio{pin[1]}, {pin[2:]}>;" in header
    assert f"kAlternateFunction = {console.alternate_function};" in header
