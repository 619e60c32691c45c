"""Start-up, time, sleep and the serial port of the NUCLEO-F746ZG's board support."""

from __future__ import annotations

import random
import threading
import time

import pytest
from tflm_hil.emulator.cortex_m7.dwt import CYCCNT
from tflm_hil.emulator.outside.client import DebugPortClient

from tests.support.debug_port import Debugger

from .conftest import Bench


def test_start_up_reaches_full_speed_without_a_finding(bench: Bench) -> None:
    hello = bench.device.hello()
    assert hello.build_id == bench.image.build_id
    assert hello.board == "nucleo_f746zg"
    assert hello.core_clock_hz == bench.state()["core_clock_hz"] == 216_000_000
    assert hello.serial_clock_hz == 54_000_000
    assert hello.flash_wait_states == 7
    assert (hello.art, hello.icache, hello.dcache) == (True, True, True)
    assert hello.compiler.startswith("GNU 12")
    assert "-O3" in hello.flags
    assert "-mfpu=fpv5-sp-d16" in hello.flags
    assert "prefix-map" not in hello.flags
    assert hello.arena_bytes == bench.image.arena_bytes
    assert hello.fault is None
    assert bench.state()["findings"] == []


def test_reset_reason_is_that_of_the_last_reset_only(bench: Bench) -> None:
    assert bench.device.hello().reset_reason in {"software", "pin"}
    assert bench.device.reboot().reset_reason == "software"


@pytest.mark.parametrize("baud", [230_400, 460_800, 921_600, 1_500_000, 3_000_000, 6_000_000])
def test_rates_that_the_clock_gives_carry_data_without_damage(bench: Bench, baud: int) -> None:
    block = bench.load()
    assert bench.device.set_baud(baud) == baud
    assert len(bench.device.benchmark(300, cold=False, inputs=block)) == 300
    status = bench.device.status()
    assert (status.overruns, status.framing_errors, status.noise_errors) == (0, 0, 0)
    assert bench.device.hello().baud == pytest.approx(baud, rel=0.02)
    assert bench.state()["findings"] == []


@pytest.mark.parametrize("baud", [300, 4_000_000, 7_000_000])
def test_rates_that_the_clock_cannot_give_are_refused_and_the_link_stays(
    bench: Bench, baud: int
) -> None:
    bench.device.set_baud(921_600)
    assert bench.device.set_baud(baud) == bench.device.baud == 921_600
    assert bench.device.status().framing_errors == 0


def test_no_wake_up_is_missed(bench: Bench) -> None:
    """Requests at random moments, while the board falls asleep, is asleep or is just awake."""
    bench.device.set_baud(921_600)
    moments = random.Random(7)
    before = bench.device.counters.retransmissions
    for _ in range(300):
        bench.device.status()
        time.sleep(moments.choice([0, 0, 0.0001, 0.0005, 0.002]))
    assert bench.device.counters.retransmissions == before


def test_an_idle_board_sleeps(bench: Bench) -> None:
    bench.device.status()
    time.sleep(0.2)
    first = bench.state()
    time.sleep(0.3)
    second = bench.state()
    assert first["sleeping"]
    assert second["instructions"] == first["instructions"]


def test_overwritten_input_is_counted_and_the_link_recovers(bench: Bench) -> None:
    """More than the receive ring holds arrives while inferences keep the processor busy."""
    block = bench.load()
    bench.device.set_baud(6_000_000)
    assert bench.device.status().overruns == 0
    ring = bench.device.hello().receive_bytes
    bench.load()

    def flood() -> None:
        bench.transport.write(b"\x55" * 2 * ring)

    # One request of 64 inferences takes 75 ms; the flood lasts 55 ms.
    flooding = threading.Timer(0.005, flood)
    flooding.start()
    cycles = bench.device.benchmark(64, cold=False, inputs=block)
    flooding.join()
    assert len(cycles) == 64
    assert bench.device.status().overruns > 0


def test_cycles_go_on_after_a_debugger_was_here(bench: Bench) -> None:
    """pyOCD clears DEMCR.TRCENA when it disconnects, which stops the cycle counter."""
    block = bench.load()
    before = bench.device.benchmark(3, cold=False, inputs=block)
    bench.probe.read_memory(0x2000_0000, 4)
    after = bench.device.benchmark(3, cold=False, inputs=block)
    assert min(before) > 10_000
    assert after == before


def test_cycles_go_on_over_the_end_of_32_bits(bench: Bench) -> None:
    """The counter of the core wraps every 20 s; here it is put just in front of that."""
    block = bench.load()
    before = bench.device.benchmark(64, cold=False, inputs=block)
    with DebugPortClient(bench.emulator.socket) as port:
        # not through pyOCD: what stops the counter when it leaves
        Debugger(port).write(CYCCNT, 2**32 - sum(before) // 2)
        port.flush()
    assert bench.device.benchmark(64, cold=False, inputs=block) == before


def test_cold_caches_cost_no_correctness(bench: Bench) -> None:
    block = bench.load()
    warm = bench.device.benchmark(5, cold=False, inputs=block)
    cold = bench.device.benchmark(5, cold=True, inputs=block)
    assert len(cold) == 5
    assert min(cold) >= min(warm) * 0.99
    assert bench.state()["findings"] == []


def test_stack_high_water_is_measured(bench: Bench) -> None:
    at_rest = bench.device.status()
    bench.device.benchmark(1, cold=False, inputs=bench.load())
    working = bench.device.status()
    assert 100 < at_rest.stack_high_water < working.stack_high_water < working.stack_bytes / 2
