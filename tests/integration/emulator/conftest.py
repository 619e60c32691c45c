"""Boards with test programs, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.bare_metal import Board, Program, build_program


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Program]:
    """Builds `firmware/<name>.c`."""
    built: dict[str, Program] = {}
    directory = tmp_path_factory.mktemp("emulator-firmware")

    def build(name: str) -> Program:
        if name not in built:
            built[name] = build_program(name, directory)
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
