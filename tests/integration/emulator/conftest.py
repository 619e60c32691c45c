"""Boards with test programs, for the tests of this folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.support.bare_metal import FIRMWARE, FLAGS, Board, Program


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Program]:
    """Builds `firmware/<name>.c`."""
    compiler = shutil.which("arm-none-eabi-gcc")
    assert compiler, "arm-none-eabi-gcc is missing: see system-packages.txt"
    built: dict[str, Program] = {}
    directory = tmp_path_factory.mktemp("emulator-firmware")

    def build(name: str) -> Program:
        if name not in built:
            elf = directory / f"{name}.elf"
            sources = [FIRMWARE / "start.c", FIRMWARE / f"{name}.c"]
            subprocess.run(
                [compiler, *FLAGS, "-T", FIRMWARE / "layout.ld", *sources, "-o", elf], check=True
            )
            built[name] = Program(elf)
        return built[name]

    return build


@pytest.fixture
def board(program: Callable[[str], Program]) -> Iterator[Callable[[str], Board]]:
    """A fresh machine with a program; stopped at the end."""
    boards: list[Board] = []

    def make(name: str) -> Board:
        boards.append(Board(program(name)))
        return boards[-1]

    yield make
    for made in boards:
        made.machine.close()
