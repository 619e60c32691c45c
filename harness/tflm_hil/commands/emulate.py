"""`hil emulate`: an emulated board in the foreground, until it is stopped."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tflm_hil.boards.emulated import emulated_boards
from tflm_hil.boards.spec import DEFAULT_BOARD, load_spec
from tflm_hil.emulator.outside import server


def emulate(argv: Sequence[str]) -> int:
    """Run a board by its name. Returns the exit status."""
    boards = emulated_boards()
    parser = argparse.ArgumentParser(
        prog="hil emulate", description="Run an emulated board until it is stopped (Ctrl-C)."
    )
    default = load_spec(DEFAULT_BOARD).emulator_board
    parser.add_argument("board", nargs="?", default=default, choices=boards)
    server.add_options(parser)
    arguments = parser.parse_args(argv)
    return server.serve(boards[arguments.board], arguments)
