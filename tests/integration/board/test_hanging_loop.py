"""A loop of open shapes: named before it is flashed, and refused by the board all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.errors import UnsupportedModel
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.tflite.lints import lint

from tests.integration.board.conftest import Bench
from tests.support.hanging_loop import hanging_loop


def test_a_loop_of_open_shapes_is_refused_twice(bench: Bench, tmp_path: Path) -> None:
    content = hanging_loop(tmp_path)
    errors = [item for item in lint(content) if item.severity == "error"]
    assert "dynamic-shape-in-loop" in {item.code for item in errors}
    assert any("hangs or returns garbage" in item.sentence for item in errors)
    loop = SlotEntry("loop", content)
    bench.probe.store_models([bench.model, loop])
    bench.device.hello()
    with pytest.raises(UnsupportedModel, match="SLICE in subgraph 2 computes its shape"):
        bench.device.load(loop.hash)
    assert bench.load(), "the board goes on"
