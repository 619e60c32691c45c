"""How many steps of time an inference takes: by what recurs, not by the axes of a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tflm_hil.measure.time_steps import steps_of_variant
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.time_axis import Steps, steps_of
from tflm_hil.models.zoo.manifest import load_model
from tflm_hil.vocabulary import StepBasis

from tests.support.graph_builder import ModelBuilder
from tests.support.state_models import carried, side_by_side
from tests.unit.models.tflite.lints.test_lints import fused

ZOO = Path(__file__).parents[4] / "fixtures" / "models"


def picture() -> bytes:
    return side_by_side(["image"], [(1, 96, 96, 1)], ["scores"])


def sliced(steps: int, *, chain: bool, backward: bool = False, constant: bool = False) -> bytes:
    """An input taken apart into rows: added up one after the other, or each by itself and packed
    again. `constant`: it is weights that are taken apart.
    """
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, steps, 2))
    source = main.tensor("w", (1, steps, 2), data=0.5) if constant else x
    rows = [main.tensor(f"row{number}", (1, 2)) for number in range(steps)]
    main.operator("UNPACK", [source], rows, "Unpack", num=steps, axis=1)
    order = rows[::-1] if backward else rows
    held = order[0]
    if chain:
        for number, row in enumerate(order[1:]):
            after = main.tensor(f"sum{number}", (1, 2))
            main.operator("ADD", [held, row], [after], "Add")
            held = after
    else:
        made = [main.tensor(f"tanh{number}", (1, 2)) for number in range(steps)]
        for row, after in zip(rows, made, strict=True):
            main.operator("TANH", [row], [after])
        held = main.tensor("packed", (1, steps, 2))
        main.operator("PACK", made, [held], "Pack", valuesCount=steps, axis=1)
    main.finish([x], [held])
    return model.content()


CASES: list[tuple[Callable[[], bytes], Steps]] = [
    (picture, Steps(None)),
    (lambda: side_by_side(["x"], [(1, 28, 28)], ["y"]), Steps(None)),
    (lambda: sliced(5, chain=True), Steps(5, StepBasis.UNROLLED)),
    (lambda: sliced(5, chain=True, backward=True), Steps(5, StepBasis.UNROLLED)),
    (lambda: sliced(2, chain=True), Steps(2, StepBasis.UNROLLED)),
    (lambda: sliced(5, chain=False), Steps(None)),
    (lambda: sliced(5, chain=True, constant=True), Steps(None)),
    (carried, Steps(1, StepBasis.STATE)),
    (fused, Steps(3, StepBasis.FUSED)),
]


@pytest.mark.parametrize(("make", "expected"), CASES)
def test_steps_are_those_of_what_recurs(make: Callable[[], bytes], expected: Steps) -> None:
    content = make()
    if expected.basis is StepBasis.FUSED:
        expected = Steps(inspect(content).inputs[0].shape[1], StepBasis.FUSED)
    assert steps_of(content, inspect(content)) == expected


@pytest.mark.parametrize(
    ("model", "variant", "expected"),
    [
        ("digits_lstm", "int8-fused", Steps(8, StepBasis.FUSED)),
        ("digits_lstm", "int8-unrolled", Steps(8, StepBasis.UNROLLED)),
        ("sine_gru", "int8-step", Steps(1, StepBasis.STATE)),
        # the convolution before the network halves what it reads
        ("vibration_conv_gru", "int8-shift", Steps(24, StepBasis.LOOP)),
        # one step, unrolled: nothing is left of a recurrence in the graph
        ("one_to_one", "int8-unrolled", Steps(1, StepBasis.KERAS)),
    ],
)
def test_shipped_models(model: str, variant: str, expected: Steps) -> None:
    found = next(item for item in load_model(ZOO / model).variants if item.name == variant)
    assert steps_of_variant(found) == expected
