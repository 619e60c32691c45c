"""States that are found in inputs and outputs, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tflm_hil.models.tflite.inspect import Inspection, inspect
from tflm_hil.models.tflite.states import state_pairs, suspected_pairs
from tflm_hil.vocabulary import StateBasis

from tests.support.state_models import carried, looped, lstm_cell, side_by_side, twins


def fed(model: Inspection) -> list[tuple[str, str, StateBasis]]:
    return [(pair.name, pair.output_name, pair.basis) for pair in state_pairs(model)]


def suspected(model: Inspection) -> list[tuple[str, str, StateBasis]]:
    return [(pair.name, pair.output_name, pair.basis) for pair in suspected_pairs(model)]


NAMES = [
    ("prev_state", "state"),
    ("state_in", "state_out"),
    ("hidden_0", "hidden_0_out"),
    ("initial_state", "final_state"),
    ("h0", "hn"),
    ("c_prev", "c"),
    ("cell_in", "cell_out"),
    ("stateIn", "stateOut"),
    ("gru_state_int8", "gru_next_state_int8"),
    ("old_memory", "new_memory"),
]


@pytest.mark.parametrize(("taken", "given"), NAMES)
def test_both_ends_of_one_name(taken: str, given: str) -> None:
    model = inspect(carried(state=taken, following=given))
    assert fed(model) == [(taken, given, StateBasis.NAMES)]


def test_names_of_the_signature_count_like_those_of_tensors() -> None:
    names = ({"audio": "frame", "in1": "h"}, {"Identity": "y", "out1": "h_out"})
    model = inspect(carried(state="in1", following="out1", signature=names))
    assert fed(model) == [("h", "h_out", StateBasis.NAMES)]


@pytest.mark.parametrize("state_first", [False, True])
@pytest.mark.parametrize("output_axis", [False, True])
def test_one_end_named_and_one_output_that_fits(state_first: bool, output_axis: bool) -> None:
    model = inspect(carried(state_first=state_first, output_axis=output_axis))
    assert fed(model) == [("gru_prev_state", "Identity_1", StateBasis.ONLY_FIT)]


def test_scale_tells_outputs_of_one_shape_apart() -> None:
    """y has the shape of the state, and another scale."""
    model = inspect(
        carried(dtype="int8", units=4, classes=4, input_scale=1 / 128, output_scale=1 / 128)
    )
    assert [basis for _, _, basis in fed(model)] == [StateBasis.SCALE]
    assert state_pairs(model)[0].output == 1


@pytest.mark.parametrize("swapped", [False, True])
def test_graph_tells_the_states_of_an_lstm_apart(swapped: bool) -> None:
    """Both have one shape and no scale; c' is two operators from c, and h' is computed from it."""
    pairs = state_pairs(inspect(lstm_cell(swapped=swapped)))
    assert [(pair.name, pair.output) for pair in pairs] == [
        ("state_a", 2 if swapped else 1), ("state_b", 1 if swapped else 2),
    ]  # fmt: skip
    assert {pair.basis for pair in pairs} <= {StateBasis.GRAPH, StateBasis.ONLY_FIT}


@pytest.mark.parametrize("swapped", [False, True])
def test_variable_of_a_loop_comes_out_where_it_went_in(swapped: bool) -> None:
    pairs = state_pairs(inspect(looped(swapped=swapped)))
    assert [pair.output for pair in pairs] == ([2, 1] if swapped else [1, 2])
    assert {pair.basis for pair in pairs} <= {StateBasis.GRAPH, StateBasis.ONLY_FIT}


LEFT_ALONE: list[Callable[[], bytes]] = [
    lambda: side_by_side(["audio"], [(1, 16)], ["clean"]),  # an autoencoder
    lambda: side_by_side(["state"], [(1, 16)], ["state_out"]),  # nothing would be fed
    lambda: side_by_side(["audio_in", "gain"], [(1, 16), (1, 2)], ["audio_out", "level"]),
    lambda: side_by_side(["left", "right"], [(1, 8), (1, 8)], ["a", "b"]),
    lambda: side_by_side(["estate", "carrier"], [(1, 8), (1, 4)], ["price", "wave"]),
]


@pytest.mark.parametrize("make", LEFT_ALONE)
def test_data_is_no_state(make: Callable[[], bytes]) -> None:
    assert fed(inspect(make())) == []


def test_output_that_does_not_depend_on_the_input_is_not_its_next_value() -> None:
    model = inspect(side_by_side(["x", "state"], [(1, 8), (1, 4)], ["y", "z"]))
    assert len(fed(model)) == 1
    crossed = inspect(side_by_side(["x", "state"], [(1, 4), (1, 8)], ["state_out", "y"]))
    assert fed(crossed) == [("state", "y", StateBasis.ONLY_FIT)]


def test_what_fits_without_a_name_is_suspected_and_not_fed_back() -> None:
    model = inspect(carried(data="input_1", state="input_2"))
    assert fed(model) == []
    (found,) = suspected(model)
    assert found[2] is StateBasis.SHAPE


def test_states_that_nothing_tells_apart_are_not_fed_back() -> None:
    model = inspect(twins())
    assert fed(model) == []
    assert suspected(model) == [
        ("state_a", "p", StateBasis.AMBIGUOUS), ("state_b", "q", StateBasis.AMBIGUOUS),
    ]  # fmt: skip
