"""The boards that the emulator can be: a board file of kind "emulated" makes one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tflm_hil.boards.spec import BoardSpec, Overrides, board_ids, load_spec
from tflm_hil.emulator.wiring import Console, EmulatedBoard, Pin


def emulated_board(spec: BoardSpec) -> EmulatedBoard:
    """What the emulator has to know of a board. Raises EmulatorError for what no board can be."""
    console = spec.console
    return EmulatedBoard(
        id=spec.emulator_board,
        product=spec.product,
        uid_prefix=spec.uid_prefix,
        hse_hz=spec.clock.hse_hz,
        hse_is_crystal=spec.clock.hse == "crystal",
        console=Console(
            console.usart, Pin.parse(console.tx), Pin.parse(console.rx), console.alternate_function
        ),
    )


def emulated_boards(
    config: Path | None = None, environment: Mapping[str, str] = os.environ
) -> dict[str, EmulatedBoard]:
    """All of them by the name that `emulator.board` gives; those of hil.toml too."""
    specs = [
        load_spec(board, Overrides(config=config), environment)
        for board in board_ids(config, environment)
    ]
    return {spec.emulator_board: emulated_board(spec) for spec in specs if spec.is_emulated}
