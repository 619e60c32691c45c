"""Halting debug through the debug port, register by register as a probe does it."""

from __future__ import annotations

import pytest
from tflm_hil.emulator.bus import ResetReason
from tflm_hil.emulator.outside.dap import Dap, DapFault

from tests.support.bare_metal import Board, MakeBoard
from tests.support.debug_port import (
    C_DEBUGEN,
    C_HALT,
    DEMCR,
    DHCSR,
    KEY,
    PC,
    S_LOCKUP,
    S_RESET_ST,
    S_SLEEP,
    XPSR,
    Debugger,
)

HALTED, BKPT, DWTTRAP, VCATCH = 1, 2, 4, 8


def _debug(board: MakeBoard, case: int = 0, *, halted: bool = True) -> tuple[Board, Debugger]:
    made = board("debuggee")
    made.prepare(case)
    debugger = Debugger(Dap(made.machine))
    if halted:
        debugger.halt()  # before the first instruction
    made.machine.start()
    return made, debugger


def _set_breakpoint(debugger: Debugger, address: int, comparator: int = 0) -> None:
    debugger.write(0xE0002000, 3)
    debugger.write(0xE0002008 + 4 * comparator, address | 1)


def test_halt_and_resume_a_running_core(board: MakeBoard) -> None:
    made, debugger = _debug(board, halted=False)
    counter = made.program.symbols["counter"]
    made.wait(lambda: made.word(counter) > 100)
    debugger.halt()
    assert debugger.take_dfsr() == HALTED
    stopped_at = debugger.read(counter)
    assert debugger.read(counter) == stopped_at
    debugger.resume()
    made.wait(lambda: made.word(counter) > stopped_at + 100)


def test_halting_many_times_never_repeats_or_skips_an_instruction(board: MakeBoard) -> None:
    made, debugger = _debug(board, halted=False)
    symbols = made.program.symbols
    for _ in range(200):
        debugger.halt()
        assert debugger.read(symbols["watched"]) % 1000 == 0
        debugger.resume()
    # bump() counts and nothing else does: repeated stores would show in `watched`
    made.wait(lambda: made.word(symbols["watched"]) > 10_000)


def test_registers_of_a_halted_core(board: MakeBoard) -> None:
    made, debugger = _debug(board)
    assert debugger.register(PC) == made.program.symbols["Reset_Handler"]
    assert debugger.register(13) == 0x20010000
    assert debugger.register(XPSR) == 0x01000000
    for number, value in ((0, 0x11111111), (12, 0xCCCCCCCC), (64, 0x3F800000), (95, 0x40000000)):
        debugger.set_register(number, value)
        assert debugger.register(number) == value
    debugger.set_register(20, 1)  # PRIMASK
    assert debugger.register(20) == 1


def test_breakpoint_halts_before_its_instruction_each_time(board: MakeBoard) -> None:
    made, debugger = _debug(board)
    bump, counter = made.program.symbols["bump"], made.program.symbols["counter"]
    _set_breakpoint(debugger, bump)
    debugger.resume()
    for times in range(3):
        debugger.wait_halted()
        assert debugger.take_dfsr() & BKPT
        assert debugger.register(PC) == bump
        assert debugger.read(counter) == times
        debugger.write(0xE0002008, 0)
        debugger.step()
        _set_breakpoint(debugger, bump)
        debugger.resume()


def test_breakpoint_in_the_middle_of_a_block_that_already_ran(board: MakeBoard) -> None:
    made, debugger = _debug(board, halted=False)
    middle = made.program.symbols["straight_line"] + 4
    made.wait(lambda: made.word(made.program.symbols["counter"]) > 1000)
    _set_breakpoint(debugger, middle, comparator=7)
    debugger.write(DHCSR, KEY | C_DEBUGEN)
    debugger.wait_halted()
    assert debugger.register(PC) == middle
    assert (debugger.register(0), debugger.register(1)) == (1, 2)


def test_stepping_goes_instruction_by_instruction(board: MakeBoard) -> None:
    made, debugger = _debug(board)
    start = made.program.symbols["straight_line"]
    _set_breakpoint(debugger, start)
    debugger.resume()
    debugger.wait_halted()
    debugger.write(0xE0002008, 0)
    before = made.machine.cycles
    offsets = []
    for _ in range(5):
        debugger.step()
        offsets.append(debugger.register(PC) - start)
    assert offsets == [2, 4, 6, 8, 12]  # the IT block is one step
    assert debugger.register(3) == 7
    assert made.machine.cycles - before == 5


def test_stepping_with_interrupts_masked_stays_out_of_handlers(board: MakeBoard) -> None:
    made, debugger = _debug(board, case=1)
    _set_breakpoint(debugger, made.program.symbols["bump"])
    debugger.resume()
    debugger.wait_halted()
    debugger.write(0xE0002008, 0)
    ticks = debugger.read(made.program.symbols["ticks"])
    for _ in range(600):
        debugger.step(mask_interrupts=True)
        assert debugger.register(XPSR) & 0x1FF == 0
    assert debugger.read(made.program.symbols["ticks"]) == ticks
    debugger.step()
    assert debugger.register(XPSR) & 0x1FF == 15  # unmasked: the step enters the handler


def test_watchpoint_halts_on_the_store_only(board: MakeBoard) -> None:
    made, debugger = _debug(board)
    watched, counter = made.program.symbols["watched"], made.program.symbols["counter"]
    debugger.write(0xE0001020, watched)
    debugger.write(0xE0001024, 2)
    debugger.write(0xE0001028, 6)
    for value in (0, 1000):  # start-up clears it
        debugger.resume()
        debugger.wait_halted()
        assert debugger.take_dfsr() & DWTTRAP
        assert debugger.read(watched) == value
    assert 1000 <= debugger.read(counter) <= 1001
    assert debugger.read(0xE0001028) & 1 << 24
    debugger.write(0xE0001028, 0)
    debugger.resume()
    made.wait(lambda: made.word(watched) > 3000)


def test_bkpt_instruction_halts_a_debugged_core(board: MakeBoard) -> None:
    _, debugger = _debug(board, case=3)
    debugger.resume()
    debugger.wait_halted()
    assert debugger.take_dfsr() & BKPT
    instruction = debugger.read(debugger.register(PC) & ~3) >> 8 * (debugger.register(PC) & 2)
    assert instruction & 0xFFFF == 0xBE03


def test_reset_catches_at_the_first_instruction(board: MakeBoard) -> None:
    made, debugger = _debug(board, halted=False)
    debugger.write(DHCSR, KEY | C_DEBUGEN)
    debugger.write(DEMCR, 1)
    debugger.write(0xE000ED0C, 0x05FA0004)
    debugger.wait_halted()
    assert debugger.take_dfsr() & VCATCH
    assert debugger.register(PC) == made.program.symbols["Reset_Handler"]
    assert debugger.read(DHCSR) & S_RESET_ST == 0  # wait_halted() read it away


def test_vector_catch_halts_in_the_hard_fault_handler(board: MakeBoard) -> None:
    made, debugger = _debug(board, case=2)
    debugger.write(DEMCR, 1 << 10)
    debugger.resume()
    debugger.wait_halted()
    assert debugger.take_dfsr() & VCATCH
    assert debugger.register(XPSR) & 0x1FF == 3
    assert debugger.register(PC) == made.program.symbols["Default_Handler"]
    assert debugger.read(0xE000ED38) == 0x60000000


def test_sleep_and_lockup_are_visible_and_end_with_a_halt(board: MakeBoard) -> None:
    made, debugger = _debug(board, case=4, halted=False)
    made.wait(lambda: bool(debugger.read(DHCSR) & S_SLEEP))
    debugger.halt()
    assert not debugger.read(DHCSR) & S_SLEEP
    debugger.write(0x08000004, 0)  # not programmable like this: nothing happens
    debugger.set_register(PC, 0xE0000000)  # execute never, twice in a row: lockup
    debugger.set_register(13, 0x10)
    debugger.write(DHCSR, KEY | C_DEBUGEN)
    made.wait(lambda: bool(debugger.read(DHCSR) & S_LOCKUP))
    debugger.write(DHCSR, KEY | C_DEBUGEN | C_HALT)
    assert not debugger.read(DHCSR) & S_LOCKUP


def test_memory_blocks_wrap_at_one_kilobyte(board: MakeBoard) -> None:
    _, debugger = _debug(board)
    debugger.write_block(0x20008000, list(range(256)))
    assert debugger.read_block(0x20008000, 256) == list(range(256))
    assert debugger.read_block(0x200083F8, 4) == [254, 255, 0, 1]


def test_code_written_by_the_debugger_is_what_runs(board: MakeBoard) -> None:
    _, debugger = _debug(board)
    for value in (5, 9):  # movs r0, #value; bkpt
        debugger.write(0x20008000, 0xBE00_2000 | value)
        debugger.set_register(PC, 0x20008000)
        debugger.resume()
        debugger.wait_halted()
        assert debugger.register(0) == value


def test_a_bus_error_is_a_sticky_fault_until_abort(board: MakeBoard) -> None:
    _, debugger = _debug(board)
    with pytest.raises(DapFault):
        debugger.read(0x70000000)
    with pytest.raises(DapFault):
        debugger.read(0x20000000)
    assert debugger.port.read_dp(0x4) & 1 << 5
    debugger.port.write_dp(0x0, 0x1E)
    assert debugger.read(0xE000ED00) == 0x410FC271


def test_what_a_debugger_reads_is_no_finding(board: MakeBoard) -> None:
    made, debugger = _debug(board)
    debugger.read(0x40004800)  # USART3, clock off
    assert made.rules() == set()


def test_a_watchdog_reset_is_passed_on_to_rcc(board: MakeBoard) -> None:
    made, debugger = _debug(board)
    with made.machine.paused():
        made.machine.request_reset(ResetReason.INDEPENDENT_WATCHDOG)
    made.wait(lambda: bool(debugger.read(0x40023874) >> 29 & 1))
