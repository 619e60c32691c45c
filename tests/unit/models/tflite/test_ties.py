"""Whether the scale of an input is its own, or shared with what it is joined with."""

from __future__ import annotations

import pytest
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.ties import Tie, tie_of

from tests.support.graph_builder import ModelBuilder


def joined(operator: str, *, passing: str = "", scale: float = 0.5, other: float = 0.5) -> bytes:
    """An input, passed on by an operator or not, joined with another one."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 4), "int8", scale=scale)
    h = main.tensor("h", (1, 4), "int8", scale=other)
    taken = x
    if passing:
        taken = main.tensor("passed", (1, 4), "int8", scale=scale)
        main.operator(passing, [x, main.tensor("c", (2,), "int32", data=[1, 4])], [taken])
    y = main.tensor("y", (1, 8), "int8", scale=scale)
    inputs = [x, h]
    if operator.startswith("SELECT"):
        condition = main.tensor("condition", (1, 4), "bool")
        main.operator(operator, [condition, h, taken], [y])
        inputs.append(condition)
    else:
        main.operator(operator, [h, taken], [y])
    main.finish(inputs, [y])
    return model.content()


@pytest.mark.parametrize("passing", ["", "RESHAPE"])
@pytest.mark.parametrize("operator", ["CONCATENATION", "MAXIMUM", "SELECT_V2"])
def test_what_is_joined_shares_its_scale(operator: str, passing: str) -> None:
    model = inspect(joined(operator, passing=passing))
    assert tie_of(model, model.inputs[0].index) == Tie(operator, "h")


@pytest.mark.parametrize(
    "content",
    [joined("ADD"), joined("CONCATENATION", other=0.25), joined("CONCATENATION", scale=0.0)],
)
def test_what_has_a_scale_of_its_own_is_tied_to_nothing(content: bytes) -> None:
    model = inspect(content)
    assert tie_of(model, model.inputs[0].index) is None
