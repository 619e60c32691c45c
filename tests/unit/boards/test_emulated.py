"""What the emulator is given comes from the board files."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tflm_hil.boards.emulated import emulated_board, emulated_boards
from tflm_hil.boards.spec import BoardSpec
from tflm_hil.emulator.wiring import EmulatedBoard

from tests.support.boards import DISCO_SPEC, NUCLEO_SPEC
from tests.support.emulated_boards import DISCO, NUCLEO


@pytest.mark.parametrize(("spec", "expected"), [(NUCLEO_SPEC, NUCLEO), (DISCO_SPEC, DISCO)])
def test_a_board_file_becomes_a_board(spec: BoardSpec, expected: EmulatedBoard) -> None:
    assert emulated_board(spec) == replace(expected, product=spec.product)


def test_all_of_them_by_name() -> None:
    boards = emulated_boards(environment={})
    assert {name: board.uid_prefix for name, board in boards.items()} == {
        board.id: board.uid_prefix for board in (NUCLEO, DISCO)
    }
