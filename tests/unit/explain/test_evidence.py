from __future__ import annotations

import numpy as np
import pytest
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.explain.evidence import error_growth, inputs_beyond_scale
from tflm_hil.explain.saturation import saturated_in
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.references.tensors import StepTensors
from tflm_hil.report.causes import Saturated

from tests.support.graph_builder import ModelBuilder


def doubled() -> bytes:
    """int8 x (-1.28 to 1.27) → y = x + x, and its TANH."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 4), "int8", scale=0.01)
    y = main.tensor("y", (1, 4), "int8", scale=0.01)
    z = main.tensor("z", (1, 4), "int8", scale=1 / 128)
    main.operator("ADD", [x, x], [y], "Add", potScaleInt16=False)
    main.operator("TANH", [y], [z])
    main.finish(inputs=[x], outputs=[z])
    return model.content()


def test_inputs_beyond_the_scale_are_counted_and_drawn() -> None:
    inputs = np.linspace(-2.0, 2.0, 400).astype(np.float32)[:, np.newaxis]
    shown = inputs_beyond_scale(inspect(doubled()), inputs)
    assert shown is not None
    assert (shown.low, shown.high) == pytest.approx((-1.28, 1.27))
    assert (shown.below, shown.above) == pytest.approx((0.18, 0.1825))
    assert shown.beyond == pytest.approx(0.3625)
    assert shown.between == pytest.approx([0.08] * 8, abs=0.003)


def test_a_few_inputs_beyond_the_scale_are_chance() -> None:
    inputs = np.append(np.linspace(-1.0, 1.0, 400), 5.0).astype(np.float32)[:, np.newaxis]
    assert inputs_beyond_scale(inspect(doubled()), inputs) is None


def test_tensors_at_an_end_of_their_range_are_listed_but_not_where_they_belong_there() -> None:
    ends = np.array([[127, 127, -128, 5]], np.int8)
    tensors = StepTensors((b"",), {"0.0": 0 * ends, "0.1": ends, "0.2": ends})
    full = saturated_in(7, inspect(doubled()), tensors)
    assert full == (Saturated(7, 0, 1, "y", "ADD", 0.75),)


def outputs(values: np.ndarray) -> RungOutputs:
    return RungOutputs(values.astype(np.float32), per_step=True)


def test_an_error_that_grows_is_told_at_its_decades() -> None:
    ramp = np.linspace(0.0, 1.0, 200)[np.newaxis, :, np.newaxis]
    grows = error_growth(outputs(ramp), outputs(np.zeros_like(ramp)))
    assert grows is not None
    assert [item.step for item in grows.course] == [10, 100, 199]
    assert [item.rms for item in grows.course] == pytest.approx([0.0503, 0.503, 1.0], rel=1e-3)


def test_short_and_bounded_errors_do_not_grow() -> None:
    ramp = np.linspace(0.0, 1.0, 40)[np.newaxis, :, np.newaxis]
    flat = np.full((1, 200, 1), 0.1)
    assert error_growth(outputs(ramp), outputs(np.zeros_like(ramp))) is None
    assert error_growth(outputs(flat), outputs(np.zeros_like(flat))) is None
