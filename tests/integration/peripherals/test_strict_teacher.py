"""The real firmware with one mistake planted: the emulated board names it, and only it.

Each mistake is one that the firmware would get away with on a forgiving emulator, and that costs
days on silicon.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from tflm_hil.firmware_build.build import SOURCE_DIR, build

from tests.support.bare_metal import Board, Program
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


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy of the sources, so that each mistake compiles a file or two only."""
    directory = tmp_path_factory.mktemp("firmware") / "firmware"
    shutil.copytree(SOURCE_DIR, directory)
    return directory


def rules_after_start(sources: Path, cache: Path) -> set[str]:
    image = build("nucleo_f746zg", source_dir=sources, cache_dir=cache)
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


def test_the_firmware_as_it_is_has_no_finding(
    sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert rules_after_start(sources, tmp_path_factory.getbasetemp() / "firmware-cache") == set()


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(
    name: str, sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mistake = MISTAKES[name]
    file = sources / mistake.folder / mistake.file
    text = file.read_text()
    assert text.count(mistake.right) == 1, "the firmware is written differently now"
    file.write_text(text.replace(mistake.right, mistake.wrong))
    try:
        found = rules_after_start(sources, tmp_path_factory.getbasetemp() / "firmware-cache")
    finally:
        file.write_text(text)
    assert found == mistake.rules
