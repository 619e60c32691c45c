"""States of single-step models: found by name, and tied to one scale inside the model."""

import numpy as np
import pytest
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.layout import bound_inputs
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.tflite.states import as_exported, state_pairs, tie_states, untie_states

from tests.support.graph_builder import ModelBuilder, accumulator
from tests.support.state_models import carried


def test_a_state_is_paired_by_its_name_and_not_by_its_place() -> None:
    (pair,) = state_pairs(inspect(accumulator()))
    assert (pair.name, pair.input, pair.shape) == ("h", 0, (1, 2))
    assert pair.input_quantization == Quantization("int8", 0.5, 1)
    assert pair.output_quantization == Quantization("int8", 0.25, 1)
    assert not pair.same


def test_two_states_of_one_shape_are_not_swapped() -> None:
    model = ModelBuilder()
    main = model.graph()
    c, h, x = (main.tensor(name, (1, 4)) for name in "chx")
    h_next, y, c_next = (main.tensor(name, (1, 4)) for name in ("p", "q", "r"))
    main.operator("ADD", [x, h], [h_next], "Add")
    main.operator("ADD", [x, c], [c_next], "Add")
    main.operator("ADD", [h_next, c_next], [y], "Add")
    main.finish(inputs=[c, h, x], outputs=[y, h_next, c_next])
    model.signature({"x": x, "h": h, "c": c}, {"c_next": c_next, "h_next": h_next, "y": y})
    pairs = state_pairs(inspect(model.content()))
    assert [(pair.name, pair.input, pair.output) for pair in pairs] == [("c", 0, 2), ("h", 1, 1)]


def test_a_model_without_states_has_none() -> None:
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 4))
    y = main.tensor("y", (1, 4))
    main.operator("TANH", [x], [y])
    main.finish(inputs=[x], outputs=[y])
    assert state_pairs(inspect(model.content())) == ()
    model.signature({"x": x}, {"y": y})
    assert state_pairs(inspect(model.content())) == ()


def test_bytes_are_requantised_where_scales_differ_and_left_alone_where_not() -> None:
    (pair,) = state_pairs(inspect(accumulator()))
    # 0.25 · (q - 1) on a scale of 0.5 with zero point 1; ties away from zero
    stored = np.array([1, 3, 4, -2, 127], np.int8)
    assert pair.feed_back(stored).tolist() == [1, 2, 3, -1, 64]
    (pair,) = state_pairs(inspect(accumulator(next_scale=0.5)))
    assert pair.feed_back(stored) is stored
    assert pair.initial().tolist() == [[1, 1]]


def test_tying_appends_one_operator_and_says_so() -> None:
    content, notes = tie_states(accumulator())
    model = inspect(content)
    (pair,) = state_pairs(model)
    assert pair.same
    assert pair.output_quantization == Quantization("int8", 0.5, 1)
    assert model.operator_counts == {"ADD": 1, "QUANTIZE": 1}
    (note,) = notes
    assert "state h" in note
    assert "0.25" in note
    # y keeps its own scale and its place beside the state
    names = model.signatures[0].outputs
    assert model.subgraphs[0].tensors[names["y"]].scale == 0.25
    assert set(model.subgraphs[0].outputs) == {names["y"], names["h_next"]}


def test_tied_states_are_left_as_they_are() -> None:
    content = accumulator(next_scale=0.5)
    assert tie_states(content) == (content, ())


@pytest.mark.parametrize("next_scale", [0.25, 0.5])
def test_tying_twice_is_tying_once(next_scale: float) -> None:
    once, _ = tie_states(accumulator(next_scale=next_scale))
    assert tie_states(once) == (once, ())


def test_untying_gives_back_the_scales_of_the_converter() -> None:
    loose = accumulator()
    tied, notes = tie_states(loose)
    assert notes
    (before,), (after,) = state_pairs(inspect(loose)), state_pairs(inspect(untie_states(tied)))
    assert (after.input, after.output, after.shape) == (before.input, before.output, before.shape)
    assert after.output_quantization == before.output_quantization
    assert inspect(untie_states(tied)).operator_counts == inspect(loose).operator_counts


def test_what_was_never_tied_stays_as_it_is() -> None:
    loose = accumulator()
    assert untie_states(loose) == loose


def test_what_a_keras_model_takes_is_data_when_it_is_compared() -> None:
    """A conversion is fed as its Keras model is; only what our export made a state is one."""
    theirs = inspect(carried())
    assert state_pairs(theirs)
    both = bound_inputs(as_exported(theirs, 2), [("audio",), ("gru_prev_state",)])
    assert [tensor.name for tensor in both] == ["audio", "gru_prev_state"]
    ours = as_exported(inspect(accumulator()), 1)
    assert [pair.name for pair in state_pairs(ours)] == ["h"]
    assert [tensor.name for tensor in bound_inputs(ours, [("x",)])] == ["x"]


@pytest.mark.parametrize(("scale", "exchangeable"), [(0.5, True), (0.5000001, True), (0.52, False)])
def test_scales_that_differ_by_a_rounding_are_no_two_scales(
    scale: float, exchangeable: bool
) -> None:
    (pair,) = state_pairs(inspect(accumulator(state_scale=0.5, next_scale=scale)))
    assert pair.exchangeable == exchangeable
