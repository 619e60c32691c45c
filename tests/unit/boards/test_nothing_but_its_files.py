"""Nothing about one board stands outside its board file, target class and firmware directory.

Looked at is code: comments and docstrings may give examples. The emulator is a chip, so the chip's
own numbers are at home there; boards, their pins and their oscillators are not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HARNESS = ROOT / "harness" / "tflm_hil"
EMULATOR = HARNESS / "emulator"
TARGETS = HARNESS / "probe" / "targets"
PINS_OF_THE_CHIP = EMULATOR / "peripherals" / "usart_table.py"  # all that its USARTs can use

BOARD = re.compile(r"nucleo|disco(?!n|v)|EMU-F7", re.IGNORECASE)
PIN = re.compile(r"\bP[A-K](\d|1[0-5])\b")
CHIP = re.compile(r"f746|cortex-m\d.*-mfpu|USART\d", re.IGNORECASE)
OSCILLATORS = {8_000_000, 25_000_000}
RATES = OSCILLATORS | {54_000_000, 108_000_000, 216_000_000}
FLASH = range(0x0800_0000, 0x0810_0000)
SLOT_BYTES = 0x8_0000

ALLOWED = {
    ("boards/spec.py", "nucleo-f746zg-emulated"): "the board for whoever names none",
    ("boards/keys.py", "USART1"): "an example in a message",
    ("boards/keys.py", "PA9"): "an example in a message",
    ("probe/pyocd_plugin.py", "stm32f746"): "the chip that the emulator is",
    ("emulator/wiring.py", 'write a port and a number, as in "PD8" or "PA15"'): "an example",
}


def python_files() -> list[Path]:
    files = [*HARNESS.rglob("*.py"), *(ROOT / "tests" / "hil").glob("*.py")]
    files.remove(PINS_OF_THE_CHIP)
    return [path for path in files if not path.is_relative_to(TARGETS)]


def constants(path: Path) -> Iterator[str | int]:
    """Texts and whole numbers of a module, docstrings left out."""
    tree = ast.parse(path.read_text("utf-8"))
    remarks = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in remarks:
            continue
        if isinstance(node.value, str | int) and not isinstance(node.value, bool):
            yield node.value


def is_a_boards(value: str | int, *, in_emulator: bool) -> bool:
    if isinstance(value, str):
        kinds = (BOARD, PIN) if in_emulator else (BOARD, PIN, CHIP)
        return any(kind.search(value) for kind in kinds)
    if in_emulator:
        return value in OSCILLATORS
    return value in RATES or value in FLASH or value == SLOT_BYTES


@pytest.mark.parametrize(
    "value",
    ["nucleo_f746zg", "EMU-F746ZG", "PD8", "a USB-UART on PD8/PD9", "disco-f746ng", 8_000_000],
)
def test_a_fact_of_a_board_is_seen(value: str | int) -> None:
    assert is_a_boards(value, in_emulator=False)
    assert is_a_boards(value, in_emulator=True)


@pytest.mark.parametrize("value", [0x0808_0000, 0x8_0000, 216_000_000, "USART3", "stm32f746zg"])
def test_a_fact_of_its_chip_is_at_home_in_the_emulator(value: str | int) -> None:
    assert is_a_boards(value, in_emulator=False)
    assert not is_a_boards(value, in_emulator=True)


def test_python_code_knows_no_board() -> None:
    seen = {
        (path.relative_to(HARNESS if path.is_relative_to(HARNESS) else ROOT).as_posix(), value)
        for path in python_files()
        for value in constants(path)
        if is_a_boards(value, in_emulator=path.is_relative_to(EMULATOR))
    }
    assert seen - ALLOWED.keys() == set()
    assert ALLOWED.keys() - seen == set(), "no longer there"


def test_firmware_that_boards_share_knows_no_board() -> None:
    files = [
        path
        for folder in ("app", "cmake", "common", "engine", "link", "board/stm32f746")
        for path in (ROOT / "firmware" / folder).rglob("*")
        if path.suffix in (".h", ".cc", ".ld", ".cmake", ".txt")
    ]
    assert len(files) > 100
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in files
        for line in path.read_text("utf-8").splitlines()
        if BOARD.search(line) or PIN.search(line)
    ]
    assert found == []
