"""How much of Unicorn's own speed is left when everything that makes it a board is attached.

Both run the same program from the same flash image, in turns, in one process; the best turn of
each counts, in processor time, so that a busy machine slows down both or neither.
"""

from __future__ import annotations

import time
from pathlib import Path

import unicorn
from unicorn import arm_const
from unicorn import unicorn_const as uc

from tests.support.bare_metal import ARGUMENT, DONE, Board, Program, build_program

ROUNDS = 10_000
TURNS = 8
LEAST_SHARE = 0.85


def _plain(program: Program) -> float:
    """Seconds on Unicorn alone: memory, no hook."""
    engine = unicorn.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB | uc.UC_MODE_MCLASS)
    engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
    engine.mem_map(0x08000000, 0x100000)
    engine.mem_map(0x20000000, 0x50000)
    engine.mem_map(0xE000E000, 0x1000)
    for address, data in program.segments:
        engine.mem_write(address, data)
    engine.mem_write(ARGUMENT, ROUNDS.to_bytes(4, "little"))
    engine.reg_write(arm_const.UC_ARM_REG_SP, 0x20010000)
    start = time.process_time()
    engine.emu_start(program.symbols["Reset_Handler"] | 1, 0xFFFFFFFF)  # until WFI
    seconds = time.process_time() - start
    assert int.from_bytes(engine.mem_read(DONE, 4), "little") == 0xD0E
    return seconds


def _board(program: Program) -> tuple[float, int]:
    """Seconds and instructions on the emulated board."""
    board = Board(program)
    try:
        start = time.process_time()
        board.run(0, argument=ROUNDS, timeout_s=60)
        seconds = time.process_time() - start
        return seconds, board.machine.cycles - board.machine.sleep_cycles
    finally:
        board.machine.close()


def test_emulated_board_keeps_most_of_unicorns_speed(tmp_path: Path) -> None:
    program = build_program("compute", tmp_path, "-O3")  # as the firmware is
    plain_seconds, board_seconds = [], []
    for _ in range(TURNS):
        plain_seconds.append(_plain(program))
        seconds, instructions = _board(program)
        board_seconds.append(seconds)
    plain, board = min(plain_seconds), min(board_seconds)
    share = plain / board
    print(
        f"\nplain Unicorn {instructions / plain / 1e6:.0f} MIPS, emulated board "
        f"{instructions / board / 1e6:.0f} MIPS: {share:.0%} ({instructions:,} instructions)"
    )
    assert share >= LEAST_SHARE
