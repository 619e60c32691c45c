"""SysTick as a function of virtual time."""

from __future__ import annotations

from tflm_hil.emulator.cortex_m7.nvic import SYSTICK, Nvic
from tflm_hil.emulator.cortex_m7.systick import CSR, CVR, RVR, SysTick
from tflm_hil.emulator.scheduler import Scheduler


class Time:
    """A clock that runs scheduled events when it is moved."""

    def __init__(self) -> None:
        self.now = 0
        self.scheduler = Scheduler()
        self.nvic = Nvic(lambda: None)
        self.systick = SysTick(self.nvic, lambda: self.now, self.scheduler.schedule)

    def move(self, cycles: int) -> None:
        self.now += cycles
        self.scheduler.run_due(self.now)

    def write(self, register: int, value: int) -> None:
        self.systick.write(register, value, debugger=False)

    def read(self, register: int) -> int:
        return self.systick.read(register, debugger=False)

    def ticked(self) -> bool:
        pending = bool(self.nvic.pending >> SYSTICK & 1)
        self.nvic.unpend(SYSTICK)
        return pending


def _started(reload: int, control: int = 7) -> Time:
    time = Time()
    time.write(RVR, reload)
    time.write(CVR, 0)
    time.write(CSR, control)
    return time


def test_it_pends_once_each_reload_plus_one_cycles() -> None:
    time = _started(99)
    time.move(99)
    assert not time.ticked()
    time.move(1)
    assert time.ticked()
    for _ in range(5):
        time.move(100)
        assert time.ticked()


def test_periods_do_not_drift_when_the_core_notices_late() -> None:
    time = _started(99)
    time.move(130)
    assert time.ticked()
    time.move(69)
    assert not time.ticked()
    time.move(1)
    assert time.ticked()


def test_the_counter_counts_down_and_count_flag_clears_on_read() -> None:
    time = _started(99, control=5)
    time.move(40)
    assert time.read(CVR) == 60
    time.move(70)
    assert time.read(CSR) >> 16 & 1
    assert not time.read(CSR) >> 16 & 1
    assert not time.ticked()  # TICKINT is off


def test_a_debugger_does_not_clear_the_flag() -> None:
    time = _started(9)
    time.move(10)
    assert time.systick.read(CSR, debugger=True) >> 16 & 1
    assert time.read(CSR) >> 16 & 1


def test_external_clock_is_an_eighth() -> None:
    time = _started(9, control=3)
    time.move(79)
    assert not time.ticked()
    time.move(1)
    assert time.ticked()


def test_stopping_freezes_the_value_and_reload_zero_never_ticks() -> None:
    time = _started(99)
    time.move(30)
    time.write(CSR, 0)
    time.move(1000)
    assert time.read(CVR) == 70
    assert not time.ticked()
    silent = _started(0)
    silent.move(1000)
    assert not silent.ticked()
