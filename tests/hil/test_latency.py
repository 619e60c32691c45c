"""Cycle counts: there for every step, plausible, and honest about where they come from."""

from __future__ import annotations

from tflm_hil.bench.bench import Bench
from tflm_hil.measure.measure import Measured
from tflm_hil.vocabulary import Unit


def test_every_step_has_its_cycles(measured: Measured, bench: Bench) -> None:
    cycles = measured.cycles
    assert cycles.streamed is not None
    assert cycles.streamed.count == measured.steps
    assert 0 < cycles.streamed.minimum <= cycles.streamed.p50 <= cycles.streamed.maximum
    # A cycle count in the billions would be the saturated 32-bit field, or a lost start value.
    core_hz = bench.board.spec.clock.core_hz
    assert cycles.streamed.maximum < core_hz
    # Readings of a running counter would add up to more than the time that has passed.
    seconds = measured.link.board_seconds
    if seconds is not None and not measured.streamed.resumed:
        assert measured.streamed.cycles.sum() <= seconds * core_hz


def test_cold_is_not_faster_than_warm(measured: Measured) -> None:
    cycles = measured.cycles
    assert cycles.cold is not None
    assert cycles.warm is not None
    assert cycles.cold.p50 >= cycles.warm.p50


def test_emulated_cycles_say_that_they_are_modelled(measured: Measured, bench: Bench) -> None:
    cycles = measured.cycles
    assert cycles.modelled == bench.board.spec.is_emulated
    assert cycles.source
    named = [item for item in measured.measurements if item.unit is Unit.CYCLES]
    assert named
    assert all(bool(item.modelled) == cycles.modelled for item in named)
