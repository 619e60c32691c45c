"""Cycle counter, lock, watchpoint and breakpoint comparators."""

from __future__ import annotations

from dataclasses import dataclass, field

from tflm_hil.emulator.cortex_m7.dwt import CTRL, CYCCNT, LAR, LSR, Dwt
from tflm_hil.emulator.cortex_m7.fpb import Fpb
from unicorn import unicorn_const as uc


@dataclass
class Surroundings:
    now: int = 0
    watchpoints: list[tuple[int, int, int, int]] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)

    def dwt(self) -> Dwt:
        return Dwt(
            lambda: self.now,
            lambda found: setattr(self, "watchpoints", found),
            lambda rule, _: self.rules.append(rule),
        )


def test_the_core_must_unlock_and_the_debugger_need_not() -> None:
    around = Surroundings()
    dwt = around.dwt()
    assert dwt.read(LSR, debugger=False) == 3
    assert dwt.read(LSR, debugger=True) == 0
    dwt.write(CTRL, 1, debugger=False)
    assert dwt.read(CTRL, debugger=False) == 0x40000000
    assert around.rules == ["dwt-locked"]
    dwt.write(LAR, 0x12345678, debugger=False)
    dwt.write(CTRL, 1, debugger=False)
    assert dwt.read(CTRL, debugger=False) == 0x40000000
    dwt.write(LAR, 0xC5ACCE55, debugger=False)
    dwt.write(CTRL, 1, debugger=False)
    assert dwt.read(CTRL, debugger=False) == 0x40000001


def test_the_counter_counts_only_with_both_enables_and_wraps() -> None:
    around = Surroundings()
    dwt = around.dwt()
    dwt.write(CTRL, 1, debugger=True)
    around.now = 100
    assert dwt.cyccnt == 0  # TRCENA is off
    dwt.set_trace_enabled(True)
    around.now = 150
    assert dwt.cyccnt == 50
    dwt.write(CYCCNT, 0xFFFFFFF0, debugger=True)
    around.now += 0x20
    assert dwt.cyccnt == 0x10
    dwt.write(CTRL, 0, debugger=True)
    around.now += 1000
    assert dwt.cyccnt == 0x10


def test_comparators_become_watchpoints() -> None:
    around = Surroundings()
    dwt = around.dwt()
    dwt.write(0xE0001030, 0x20000010, debugger=True)
    dwt.write(0xE0001034, 2, debugger=True)  # four bytes
    dwt.write(0xE0001038, 6, debugger=True)
    assert around.watchpoints == [(1, uc.UC_HOOK_MEM_WRITE, 0x20000010, 0x20000013)]
    dwt.matched(1)
    assert dwt.read(0xE0001038, debugger=True) == 1 << 24 | 6
    assert dwt.read(0xE0001038, debugger=True) == 6
    dwt.write(0xE0001038, 0, debugger=True)
    assert around.watchpoints == []


def test_breakpoints_need_the_key_and_their_own_enable_bit() -> None:
    active: list[set[int]] = []
    fpb = Fpb(active.append)
    fpb.write(0xE0002008, 0x08000101, debugger=True)
    assert active == [set()]
    fpb.write(0xE0002000, 1, debugger=True)  # no key
    assert fpb.read(0xE0002000, debugger=True) == 0x10000080
    fpb.write(0xE0002000, 3, debugger=True)
    assert active[-1] == {0x08000100}
    assert fpb.read(0xE0002000, debugger=True) == 0x10000081
    fpb.write(0xE0002008, 0x08000100, debugger=True)
    assert active[-1] == set()
