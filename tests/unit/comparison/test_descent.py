"""Descents on graphs small enough to see through, with one difference planted in each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.comparison.descent import Read, first_difference, time_steps
from tflm_hil.models.tflite.inspect import Operator, Subgraph, Tensor
from tflm_hil.report.causes import Culprit, Manner

Values = dict[tuple[int, int], NDArray[Any]]


def tensor(index: int, *, constant: int = 0, variable: bool = False) -> Tensor:
    return Tensor(index, f"t{index}", "int8", (4,), (4,), (0.5,), (0,), 0, constant, variable)


def operator(index: int, name: str, inputs: tuple[int, ...], *outputs: int) -> Operator:
    return Operator(index, 0, name, 1, inputs, outputs)


def graph(index: int, tensors: int, operators: list[Operator], **marks: set[int]) -> Subgraph:
    """Tensor 0 is the input; `constants` and `variables` are marked."""
    constants, variables = marks.get("constants", set()), marks.get("variables", set())
    items = (
        tensor(i, constant=4 * (i in constants), variable=i in variables) for i in range(tensors)
    )
    return Subgraph(index, "", tuple(items), tuple(operators), (0,), (tensors - 1,))


# x → UNPACK → a, b; a·W → h; b + h → y
UNROLLED = graph(
    0,
    6,
    [
        operator(0, "UNPACK", (0,), 1, 2),
        operator(1, "FULLY_CONNECTED", (1, 3, -1), 4),
        operator(2, "ADD", (2, 4), 5),
    ],
    constants={3},
)
# A loop around TANH(ADD(i, h))
LOOP = [
    graph(0, 3, [operator(0, "WHILE", (0,), 1), operator(1, "SOFTMAX", (1,), 2)]),
    graph(1, 2, [operator(0, "LESS", (0,), 1)]),
    graph(2, 4, [operator(0, "ADD", (0, 1), 2), operator(1, "TANH", (2,), 3)]),
]


def equal(graphs: list[Subgraph]) -> Values:
    random = np.random.default_rng(1)
    return {
        (g.index, t.index): random.integers(-100, 100, 4).astype(np.int8)
        for g in graphs
        for t in g.tensors
    }


def spoil(values: Values, *keys: tuple[int, int]) -> Values:
    spoilt = {key: array.copy() for key, array in values.items()}
    for key in keys:
        spoilt[key][2] += 7
    return spoilt


def descend(graphs: list[Subgraph], *spoilt: tuple[int, int]) -> Culprit | None:
    expected = equal(graphs)
    return first_difference(graphs, reads(expected), reads(spoil(expected, *spoilt)), step=3)


def reads(values: Values) -> Read:
    return lambda subgraph, index: values.get((subgraph, index))


def test_equal_runs_have_no_culprit() -> None:
    assert descend([UNROLLED]) is None


def test_first_operator_is_named_with_tensor_element_and_step() -> None:
    culprit = descend([UNROLLED], (0, 4), (0, 5))
    assert culprit is not None
    assert (culprit.operator, culprit.operator_name, culprit.step, culprit.time_step) == (
        1, "FULLY_CONNECTED", 3, 0,
    )  # fmt: skip
    assert culprit.manner == Manner.COMPUTES_DIFFERENTLY
    assert (culprit.tensor.index, culprit.tensor.element, culprit.tensor.max_abs) == (4, 2, 7)


def test_a_changed_constant_is_the_reason() -> None:
    culprit = descend([UNROLLED], (0, 3), (0, 4), (0, 5))
    assert culprit is not None
    assert culprit.manner == Manner.OTHER_CONSTANT
    assert culprit.constant is not None
    assert culprit.constant.index == 3


def test_a_spoilt_state_is_found_though_the_output_is_right() -> None:
    fused = graph(0, 3, [operator(0, "UNIDIRECTIONAL_SEQUENCE_LSTM", (0, 1), 2)], variables={1})
    culprit = descend([fused], (0, 1))
    assert culprit is not None
    assert culprit.manner == Manner.COMPUTES_DIFFERENTLY
    assert culprit.tensor.index == 1


def test_inside_a_loop_an_operator_with_equal_inputs_is_the_culprit() -> None:
    # h (2.1) differs, so ADD may; but TANH with an equal input gives another output
    culprit = descend(LOOP, (0, 1), (2, 3))
    assert culprit is not None
    assert (culprit.subgraph, culprit.operator_name, culprit.loop) == (2, "TANH", 0)
    assert culprit.manner == Manner.COMPUTES_DIFFERENTLY


def test_inside_a_loop_an_earlier_iteration_may_be_guilty() -> None:
    culprit = descend(LOOP, (0, 1), (2, 1), (2, 2), (2, 3))
    assert culprit is not None
    assert (culprit.operator_name, culprit.manner) == ("ADD", Manner.PASSES_ON)


def test_a_loop_whose_inside_is_equal_is_guilty_itself() -> None:
    culprit = descend(LOOP, (0, 1))
    assert culprit is not None
    assert (culprit.subgraph, culprit.operator_name) == (0, "WHILE")


def test_a_state_of_the_loop_that_differs_is_no_output_of_its_operator() -> None:
    culprit = descend(LOOP, (0, 1), (2, 1))
    assert culprit is not None
    assert (culprit.subgraph, culprit.operator_name) == (0, "WHILE")


@pytest.mark.parametrize("side", ["reference", "device"])
def test_a_tensor_that_one_side_cannot_read_is_passed_over(side: str) -> None:
    expected = equal([UNROLLED])
    observed = spoil(expected, (0, 4), (0, 5))
    del (expected if side == "reference" else observed)[0, 4]
    culprit = first_difference([UNROLLED], reads(expected), reads(observed), step=0)
    assert culprit is not None
    assert (culprit.operator_name, culprit.manner) == ("ADD", Manner.COMPUTES_DIFFERENTLY)
    assert culprit.apart == 0.0


def test_an_operator_of_constants_alone_has_equal_inputs() -> None:
    culprit = descend([graph(0, 3, [operator(0, "FILL", (1,), 2)], constants={1})], (0, 2))
    assert culprit is not None
    assert (culprit.manner, culprit.apart) == (Manner.COMPUTES_DIFFERENTLY, 0.0)


def test_only_what_is_needed_is_read() -> None:
    expected = equal([UNROLLED])
    asked = []

    def observed(subgraph: int, index: int) -> NDArray[Any]:
        asked.append(index)
        return spoil(expected, (0, 1))[subgraph, index]

    culprit = first_difference([UNROLLED], reads(expected), observed, step=0)
    assert culprit is not None
    assert culprit.operator_name == "UNPACK"
    assert set(asked) == {0, 1}


def test_an_input_that_arrives_changed_is_named_before_any_operator() -> None:
    culprit = descend([UNROLLED], (0, 0), (0, 1), (0, 4))
    assert culprit is not None
    assert (culprit.manner, culprit.operator, culprit.tensor.index) == (Manner.INPUT_CHANGED, -1, 0)


@dataclass(frozen=True)
class Near:
    delta: float
    culprit: bool


NEAR = [Near(0.9e-6, False), Near(1.5e-6, True), Near(3e-6, True), Near(np.nan, True)]


@pytest.mark.parametrize("case", NEAR)
def test_floats_may_differ_as_much_as_the_variant_s_limit_allows(case: Near) -> None:
    one = graph(0, 2, [operator(0, "TANH", (0,), 1)])
    one = replace(one, tensors=tuple(replace(t, type="float32") for t in one.tensors))
    expected = {(0, 0): np.ones(4, np.float32), (0, 1): np.ones(4, np.float32)}
    observed = {**expected, (0, 1): np.array([1, 1, 1, 1 + case.delta], np.float32)}
    culprit = first_difference([one], reads(expected), reads(observed), step=0, bound=1e-6)
    assert (culprit is not None) == case.culprit


def test_large_numbers_round_by_more_but_not_at_the_end_of_the_model() -> None:
    """What leaves the model is held to the limit itself, or a missed limit had no culprit."""
    two = graph(0, 3, [operator(0, "ADD", (0,), 1), operator(1, "MUL", (1,), 2)])
    two = replace(two, tensors=tuple(replace(t, type="float32") for t in two.tensors))
    expected = {(0, index): np.full(4, 100, np.float32) for index in range(3)}
    observed = {key: array + np.float32(5e-5 if key[1] else 0) for key, array in expected.items()}
    culprit = first_difference([two], reads(expected), reads(observed), step=0, bound=1e-6)
    assert culprit is not None
    assert (culprit.operator_name, culprit.manner) == ("MUL", Manner.COMPUTES_DIFFERENTLY)
    assert culprit.apart == pytest.approx(5e-5, rel=0.2)


def test_time_steps_follow_the_data() -> None:
    assert time_steps(UNROLLED) == {0: None, 1: 0, 2: 1}
    assert time_steps(LOOP[0]) == {0: None, 1: None}
