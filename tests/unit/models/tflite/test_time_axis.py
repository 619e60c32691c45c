"""How many steps of time an inference takes: by what recurs, not by the axes of a picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tflm_hil.measure.time_steps import steps_of_variant
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.time_axis import Steps, steps_of
from tflm_hil.models.zoo.manifest import load_model
from tflm_hil.vocabulary import StepBasis

from tests.support.graph_builder import GraphBuilder, ModelBuilder
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


def cut(  # noqa: PLR0913 - each case wants another of them
    steps: int,
    how: str,
    *,
    shape: tuple[int, ...] = (1, 0, 2),
    axis: int = 1,
    backward: bool = False,
    chain: bool = True,
    inputs: int = 1,
    first: int = 0,
    weighted: bool = False,
) -> bytes:
    """Inputs whose axis is cut step by step, and whose steps are added up one after the other.

    `how` is the operator; "TAILS" cuts each of what the one before has left. `weighted`: what is
    cut is computed from the input, as by a layer in front or a nested model.
    """
    model = ModelBuilder()
    main = model.graph()
    whole = tuple(size or steps for size in shape)
    row = tuple(1 if place == axis else size for place, size in enumerate(whole))
    xs = [main.tensor(f"x{number}", whole) for number in range(inputs)]
    held = main.tensor("zero", row, data=0.0)
    order = range(steps)[::-1] if backward else range(steps)
    for number, x in enumerate(xs):
        source = x
        if weighted:
            source = main.tensor(f"inner{number}", whole)
            main.operator("TANH", [x], [source])
        rows = [_row(main, source, place, how, whole, axis) for place in range(first, steps)]
        for place in [item - first for item in order if item >= first]:
            after = main.tensor(f"after{number}_{place}", row)
            if chain:
                main.operator("ADD", [held, rows[place]], [after], "Add")
                held = after
            else:
                main.operator("TANH", [rows[place]], [after])
                held = after
    main.finish(xs, [held])
    return model.content()


_left: dict[tuple[int, int], int] = {}


def _row(
    main: GraphBuilder, source: int, place: int, how: str, shape: tuple[int, ...], axis: int
) -> int:
    rank = len(shape)
    begin = [place if number == axis else 0 for number in range(rank)]
    size = [1 if number == axis else length for number, length in enumerate(shape)]
    row = main.tensor(f"row{source}_{place}", size)

    def constant(values: list[int]) -> int:
        return main.tensor(f"c{source}_{place}_{len(values)}", (len(values),), "int32", data=values)

    if how == "STRIDED_SLICE":
        ends = [one + two for one, two in zip(begin, size, strict=True)]
        taken = [source, constant(begin), constant(ends), constant([1] * rank)]
        main.operator("STRIDED_SLICE", taken, [row], "StridedSlice")
    elif how == "SLICE":
        main.operator("SLICE", [source, constant(begin), constant(size)], [row], "Slice")
    elif how == "GATHER":
        main.operator("GATHER", [source, constant([place])], [row], "Gather", axis=axis)
    else:  # TAILS: the first of what is left, and what is left then
        rest = source if place == 0 else _left[source, place - 1]
        start = [0] * rank
        main.operator("SLICE", [rest, constant(start), constant(size)], [row], "Slice")
        left = [shape[axis] - place - 1 if number == axis else n for number, n in enumerate(size)]
        if left[axis]:
            from_one = [1 if number == axis else 0 for number in range(rank)]
            after = main.tensor(f"left{source}_{place}", left)
            main.operator("SLICE", [rest, constant(from_one), constant(left)], [after], "Slice")
            _left[source, place] = after
    return row


def unrolled(steps: int) -> Steps:
    return Steps(steps, StepBasis.UNROLLED)


CASES: list[tuple[Callable[[], bytes], Steps]] = [
    (picture, Steps(None)),
    (lambda: side_by_side(["x"], [(1, 28, 28)], ["y"]), Steps(None)),
    (lambda: sliced(5, chain=True), Steps(5, StepBasis.UNROLLED)),
    (lambda: sliced(5, chain=True, backward=True), Steps(5, StepBasis.UNROLLED)),
    (lambda: sliced(2, chain=True), Steps(2, StepBasis.UNROLLED)),
    (lambda: sliced(5, chain=False), Steps(None)),
    (lambda: sliced(5, chain=True, constant=True), Steps(None)),
    *((partial(cut, 6, how), unrolled(6)) for how in ("STRIDED_SLICE", "SLICE", "GATHER", "TAILS")),
    (partial(cut, 6, "STRIDED_SLICE", backward=True), unrolled(6)),
    (partial(cut, 6, "STRIDED_SLICE", weighted=True), unrolled(6)),
    (partial(cut, 6, "STRIDED_SLICE", inputs=2), unrolled(6)),
    (partial(cut, 6, "STRIDED_SLICE", shape=(0, 1, 2), axis=0), unrolled(6)),
    (partial(cut, 6, "STRIDED_SLICE", shape=(1, 3, 0, 2), axis=2), unrolled(6)),
    (partial(cut, 6, "STRIDED_SLICE", first=2), unrolled(4)),
    # features of an input without an axis of time, one after the other, are its steps
    (partial(cut, 6, "STRIDED_SLICE", shape=(1, 0), axis=1), unrolled(6)),
    # gates of something computed are not
    (partial(cut, 4, "STRIDED_SLICE", shape=(1, 0), axis=1, weighted=True), Steps(None)),
    (partial(cut, 6, "STRIDED_SLICE", chain=False), Steps(None)),
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
