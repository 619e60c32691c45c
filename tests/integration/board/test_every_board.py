"""Our firmware on every emulated board: up as its file says, same answers, nothing to criticise.

The whole suite runs on one of them with `pytest --board`; this keeps the others working.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.bench.bench import Bench
from tflm_hil.bench.variants import slot_entry
from tflm_hil.boards.spec import Overrides, board_files, load_spec
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.models.zoo.manifest import load_model
from tflm_hil.options import SHIPPED_ZOO, RunConfig
from tflm_hil.report.render.progress import SilentProgress

EMULATED = [board for board in board_files() if load_spec(board, environment={}).is_emulated]
VARIANT = "digits_lstm-int8-fused"


def answers(board: str, directory: Path) -> list[bytes]:
    """What the board makes of three sequences; on the way it is held against its file."""
    config = RunConfig(board, Overrides(), zoo=SHIPPED_ZOO, report_dir=directory)
    variants = load_model(SHIPPED_ZOO / "digits_lstm").variants
    (variant,) = (item for item in variants if item.id == VARIANT)
    with Bench(config, SilentProgress()) as bench:
        device = bench.load(slot_entry(variant))
        spec, hello = bench.board.spec, bench.hello
        assert hello.board == spec.firmware_board
        assert hello.core_clock_hz == spec.clock.core_hz
        assert hello.serial_clock_hz == spec.clock.serial_hz
        tree = bench.board.probe.clock_tree()
        assert tree.hse_bypass == (spec.clock.hse == "bypass")
        assert spec.clock.hse_hz // tree.pll_m * tree.pll_n // tree.pll_p == spec.clock.core_hz
        assert device.baud == spec.baud
        assert device.model is not None
        size = 8 * device.model.input_bytes
        inputs = [bytes((number * step) % 251 for step in range(size)) for number in (1, 3, 7)]
        requests = [SequenceRequest(n, data, reset=True) for n, data in enumerate(inputs)]
        outputs = [result.outputs for result in device.stream(requests)]
        assert bench.findings() == ()
    return outputs


def test_every_emulated_board_gives_the_same_answers(tmp_path: Path) -> None:
    assert len(EMULATED) >= 2
    first, *others = (answers(board, tmp_path) for board in EMULATED)
    assert len(set(first)) == 3
    assert all(outputs == first for outputs in others)


@pytest.mark.parametrize("board", EMULATED)
def test_an_emulated_board_has_a_uid_of_its_own(board: str) -> None:
    others = [load_spec(other, environment={}) for other in EMULATED if other != board]
    assert load_spec(board, environment={}).uid_prefix not in {spec.uid_prefix for spec in others}
