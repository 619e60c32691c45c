"""The real firmware with one mistake planted: the emulated board names it, and only it.

Each mistake is one that the firmware would get away with on a forgiving emulator, and that costs
days on silicon.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.bare_metal import Board, Program
from tests.support.edited_firmware import Edit, edited_firmware
from tests.support.scripted_line import ScriptedLine

CHIP = Path("board/stm32f746")
BOARD = Path("board/nucleo_f746zg")


@dataclass(frozen=True)
class Mistake:
    """Replace `right` by `wrong` in a file of the board support; `rules` is what must be found.

    `folder` is that of the chip, where not that of the board.
    """

    file: str
    right: str
    wrong: str
    rules: frozenset[str]
    folder: Path = CHIP


MISTAKES = {
    "too few flash wait states": Mistake(
        "clock.h",
        "kFlashWaitStates = 7;",
        "kFlashWaitStates = 5;",
        frozenset({"flash-wait-states"}),
    ),
    "no over-drive": Mistake(
        "clock.cc",
        "  EnterOverDrive();",
        "  if (kHclkHz == 0) EnterOverDrive();",
        frozenset({"over-drive", "voltage-scale", "apb-clock"}),
    ),
    "crystal instead of bypass": Mistake(
        "clock_tree.h",
        "kHseIsCrystal = false;",
        "kHseIsCrystal = true;",
        frozenset({"hse-bypass"}),
        BOARD,
    ),
    "voltage scale 3": Mistake(
        "clock.cc",
        "PWR_CR1::Replace(PWR_CR1::VOS, PWR_CR1::kVosScale1);",
        "PWR_CR1::Replace(PWR_CR1::VOS, 1u << 14);",
        frozenset({"voltage-scale"}),
    ),
    "APB1 at 108 MHz": Mistake(
        "clock.cc", "RCC_CFGR::kPpre1Div4", "(4u << 10)", frozenset({"apb-clock"})
    ),
    "pins without a clock": Mistake(
        "serial.cc",
        "RCC_AHB1ENR::Set(Tx::Port::kEnable | Rx::Port::kEnable);",
        "",
        frozenset({"clock-off", "uart-pin"}),
    ),
    "USART without a clock": Mistake(
        "serial.cc", "Usart::ENR::Set(Usart::kEnable);", "", frozenset({"clock-off"})
    ),
    "wrong alternate function": Mistake(
        "console.h",
        "kAlternateFunction = 7;",
        "kAlternateFunction = 8;",
        frozenset({"uart-pin"}),
        BOARD,
    ),
    "wrong DMA channel": Mistake(
        "console.h", "kDmaChannel = 4;", "kDmaChannel = 5;", frozenset({"dma-mapping"}), BOARD
    ),
    "sending from DTCM": Mistake(
        "serial.cc",
        'kTransmitSize = 16384;\n[[gnu::section(".dma_read")]]',
        'kTransmitSize = 512;\n[[gnu::section(".dtcm_uninitialised")]]',
        frozenset({"dma-dtcm-sleep"}),
    ),
    "sending from cacheable memory": Mistake(
        "memory_system.cc",
        "MPU_RASR::S | MPU_RASR::Size(14) | MPU_RASR::ENABLE},",
        "MPU_RASR::S | MPU_RASR::Size(14)},",
        frozenset({"dma-cacheable"}),
    ),
    "a divisor 2.6 % off": Mistake(
        "serial.cc",
        "Usart::BRR::Write(setting.brr);",
        "Usart::BRR::Write(setting.brr + 12);",
        frozenset({"baud"}),
    ),
}


def rules_after_start(*edits: Edit) -> set[str]:
    image = edited_firmware(*edits)
    line = ScriptedLine(speed=115_200)
    board = Board(Program(image.elf), line=line)
    try:
        board.machine.start()
        # The first frame says that it has started; a mistake may keep it from that.
        board.wait(lambda: line.received.endswith(b"\0") or bool(board.rules()))
        before = board.machine.cycles
        board.wait(lambda: board.machine.cycles > before + 1_000_000 or asleep(board))
        return board.rules()
    finally:
        board.machine.close()


def asleep(board: Board) -> bool:
    """Nothing happens any more by itself."""
    with board.machine.paused():
        state = board.machine.report()
    return bool(state["sleeping"]) and board.machine.console.idle


def test_the_firmware_as_it_is_has_no_finding() -> None:
    assert rules_after_start() == set()


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name: str) -> None:
    mistake = MISTAKES[name]
    file = (mistake.folder / mistake.file).as_posix()
    assert rules_after_start(Edit(file, mistake.right, mistake.wrong)) == mistake.rules
