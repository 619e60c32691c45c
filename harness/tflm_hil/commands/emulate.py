"""`hil emulate`: an emulated board in the foreground, until it is stopped."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tflm_hil.boards.emulated import EMULATED_BOARDS
from tflm_hil.emulator.outside import server


def emulate(argv: Sequence[str]) -> int:
    """Run a board by its name. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="hil emulate", description="Run an emulated board until it is stopped (Ctrl-C)."
    )
    parser.add_argument("board", nargs="?", default="nucleo-f746zg", choices=EMULATED_BOARDS)
    server.add_options(parser)
    arguments = parser.parse_args(argv)
    return server.serve(EMULATED_BOARDS[arguments.board], arguments)
