"""A board's description: there and back as JSON, and refused by name when it is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tflm_hil.emulator.machine import Machine
from tflm_hil.emulator.wiring import EmulatedBoard, Pin
from tflm_hil.errors import EmulatorError

from tests.support.emulated_boards import DISCO, NUCLEO


@pytest.mark.parametrize("board", [NUCLEO, DISCO], ids=lambda board: board.id)
def test_there_and_back(board: EmulatedBoard) -> None:
    assert EmulatedBoard.from_json(board.to_json()) == board


@pytest.mark.parametrize("name", ["PA0", "PD8", "PG14", "PK15"])
def test_a_pin_by_its_name(name: str) -> None:
    assert str(Pin.parse(name)) == name


@pytest.mark.parametrize("name", ["", "D8", "PL1", "PA16", "PA08", "PA-1", "pa1", "PA1 "])
def test_no_pin(name: str) -> None:
    with pytest.raises(EmulatorError, match="not a pin"):
        Pin.parse(name)


def _with(path: str, value: Any) -> str:
    board = json.loads(NUCLEO.to_json())
    inside, _, field = path.rpartition(".")
    (board[inside] if inside else board)[field] = value
    return json.dumps(board)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", 7),
        ("product", None),
        ("uid_prefix", "a/b"),
        ("uid_prefix", ""),
        ("hse_hz", "8 MHz"),
        ("hse_hz", True),
        ("hse_hz", 0),
        ("hse_is_crystal", 0),
        ("console", "USART3"),
        ("console.usart", 3),
        ("console.transmit", 8),
        ("console.function", 16),
        ("console.function", -1),
    ],
)
def test_a_wrong_value_is_named(path: str, value: Any) -> None:
    with pytest.raises(EmulatorError, match=path.rsplit(".", 1)[-1]) as refused:
        EmulatedBoard.from_json(_with(path, value))
    assert refused.value.remedy


def test_a_missing_and_an_unknown_field_are_named() -> None:
    board = json.loads(NUCLEO.to_json())
    del board["hse_hz"]
    board["hse"] = 8
    with pytest.raises(EmulatorError, match=r"missing \['hse_hz'\], unknown \['hse'\]"):
        EmulatedBoard.from_json(json.dumps(board))


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
def test_no_object(text: str) -> None:
    with pytest.raises(EmulatorError, match="described wrongly"):
        EmulatedBoard.from_json(text)


def test_a_console_that_the_chip_has_not_got() -> None:
    console = replace(NUCLEO.console, usart="USART9")
    with pytest.raises(EmulatorError, match="USART9") as refused:
        Machine(replace(NUCLEO, console=console))
    assert "USART3" in refused.value.remedy
