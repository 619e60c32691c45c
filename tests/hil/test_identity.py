"""The board states what it is, and it is what was meant to be tested."""

from __future__ import annotations

import hashlib

import pytest
from tflm_hil.bench.bench import Bench
from tflm_hil.errors import ModelMismatch
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.run.run import Run

from tests.hil.conftest import Loaded


def test_firmware_under_test_is_what_answers(bench: Bench) -> None:
    bench.device()
    assert bench.hello.build_id == bench.image.build_id
    assert len(bench.image.build_id) == 40


def test_board_runs_as_its_data_sheet_says(bench: Bench) -> None:
    bench.device()
    hello, spec = bench.hello, bench.board.spec
    assert hello.board == spec.firmware_board
    assert hello.core_clock_hz == spec.clock.core_hz
    assert hello.serial_clock_hz == spec.clock.serial_hz
    assert hello.flash_wait_states == spec.clock.flash_wait_states
    assert spec.core is None or spec.core.flags in hello.flags
    assert (hello.art, hello.icache, hello.dcache) == (True, True, True)


def test_core_clock_is_what_the_registers_make_of_the_oscillator(bench: Bench) -> None:
    """Read by the probe: the board file's oscillator, crystal or not, through the PLL."""
    bench.device()
    clock = bench.board.spec.clock
    tree = bench.circumstances().clock.tree
    assert tree is not None
    assert (tree.source, tree.pll_source, tree.hse_bypass) == (
        "PLL",
        "HSE",
        clock.hse == "bypass",
    )
    assert clock.hse_hz // tree.pll_m * tree.pll_n // tree.pll_p == bench.hello.core_clock_hz
    buses = [bench.hello.core_clock_hz // n for n in (tree.apb1_divider, tree.apb2_divider)]
    assert bench.hello.serial_clock_hz in buses
    assert tree.over_drive


def test_report_has_all_circumstances(bench: Bench, hil: Run) -> None:
    bench.device()
    circumstances = bench.circumstances()
    assert circumstances.board.probe_uid == bench.board.probe_uid
    assert circumstances.board.baud == bench.board.spec.baud
    assert circumstances.firmware.engine == hil.config.engine
    assert circumstances.firmware.compiler
    assert "-O" in circumstances.firmware.flags
    assert circumstances.clock.modelled == bench.board.spec.is_emulated
    assert circumstances.clock.serial_hz == bench.board.spec.clock.serial_hz
    assert circumstances.host.packages["pyocd"]
    assert circumstances.host.packages["tflite-micro"]


def test_loaded_model_is_the_one_under_test(loaded: Loaded, variant: Variant) -> None:
    model = loaded.device.model
    assert model is not None
    assert variant.sha256.startswith(model.hash)
    assert model.hash == hashlib.sha256(variant.content()).hexdigest()[:32]


def test_model_that_is_not_in_the_slot_is_refused(bench: Bench) -> None:
    with pytest.raises(ModelMismatch, match="not in the board's model slot"):
        bench.device().load(hashlib.sha256(b"no such model").hexdigest())
