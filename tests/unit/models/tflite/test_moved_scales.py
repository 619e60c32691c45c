"""Operators that move integers, and whose result the converter gave another scale."""

from __future__ import annotations

import pytest
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.moved_scales import repair_moved
from tflm_hil.references import desktop_load

from tests.support.graph_builder import ModelBuilder


def reversed_and_joined(scale: float, zero_point: int = 0) -> bytes:
    """A window and its mirror image, whose scale may be another."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 4), "int8", scale=0.5)
    axis = main.tensor("axis", (1,), "int32", data=[1])
    back = main.tensor("back", (1, 4), "int8", scale=scale, zero_point=zero_point)
    main.operator("REVERSE_V2", [x, axis], [back], "ReverseV2")
    both = main.tensor("both", (1, 8), "int8", scale=scale, zero_point=zero_point)
    main.operator("CONCATENATION", [back, back], [both], "Concatenation", axis=1)
    main.finish([x], [both])
    return model.content()


@pytest.mark.parametrize(("scale", "zero_point"), [(0.75, 0), (0.5, 3)])
def test_a_quantize_takes_it_from_one_scale_to_the_other(scale: float, zero_point: int) -> None:
    content = repair_moved(reversed_and_joined(scale, zero_point))
    (graph,) = inspect(content).subgraphs
    assert [item.name for item in graph.operators] == ["REVERSE_V2", "QUANTIZE", "CONCATENATION"]
    back, bridge, join = graph.operators
    moved = graph.tensors[back.outputs[0]]
    assert (moved.scale, moved.zero_point, moved.shape) == (0.5, 0, (1, 4))
    assert list(bridge.inputs) == [moved.index]
    assert set(join.inputs) == set(bridge.outputs)
    assert desktop_load.load_all([content]) == [None]


def test_what_is_on_one_scale_stays() -> None:
    content = reversed_and_joined(0.5)
    assert repair_moved(content) is content
