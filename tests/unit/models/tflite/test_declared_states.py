"""States that a user declares: by name or number, and what is said of a wrong one."""

from __future__ import annotations

import pytest
from tflm_hil.errors import ConfigurationError
from tflm_hil.models.tflite.declared_states import parse, with_states
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.states import state_pairs, suspected_pairs
from tflm_hil.vocabulary import StateBasis

from tests.support.state_models import carried, lstm_cell, side_by_side, twins

NAMED = ({"serving_default_a:0": "frame", "s": "h"}, {"z": "y", "t": "h_out"})
SIGNED = inspect(
    carried(data="serving_default_a:0", state="s", following="t", result="z", signature=NAMED)
)


def declared(*texts: str) -> list[tuple[int, int]]:
    model = with_states(SIGNED, parse(texts, SIGNED, "--hil-state"), "--hil-state")
    assert {pair.basis for pair in state_pairs(model)} <= {StateBasis.DECLARED}
    return [(pair.input, pair.output) for pair in state_pairs(model)]


@pytest.mark.parametrize("text", ["h=h_out", "s=t", "1=1", " h = t ", "h=1", "1=t"])
def test_an_end_is_meant_by_signature_tensor_or_number(text: str) -> None:
    assert declared(text) == [(1, 1)]


def test_name_may_hold_an_equals_sign() -> None:
    model = inspect(carried(state="a=b", following="c=d"))
    assert parse(["a=b=c=d"], model, "w") == (("a=b", "c=d"),)


def test_none_denies_what_the_names_say() -> None:
    assert state_pairs(SIGNED)
    assert declared("none") == []
    assert suspected_pairs(with_states(SIGNED, (), "w")) == ()


def test_what_is_declared_is_complete_and_the_rest_is_told() -> None:
    model = inspect(lstm_cell(("x", "h", "c"), ("y", "h_out", "c_out")))
    one = with_states(model, (("c", "c_out"),), "w")
    assert [pair.name for pair in state_pairs(one)] == ["c"]
    assert [pair.name for pair in suspected_pairs(one)] == ["h"]


WRONG = [
    (("h",), "not of the form"),
    (("h=h_out", "none"), "not of the form"),
    (("g=h_out",), "no input 'g'"),
    (("h=o",), "no output 'o'"),
    (("7=1",), "no input '7'"),
    (("frame=h_out",), "from shape (1, 4) to (1, 3)"),
    (("h=h_out", "1=1"), "is in two states"),
]


@pytest.mark.parametrize(("texts", "words"), WRONG)
def test_wrong_one_is_refused_and_the_right_one_is_named(
    texts: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigurationError, match="--hil-state") as caught:
        declared(*texts)
    assert words in caught.value.what
    assert "h=h_out" in caught.value.remedy
    assert declared(caught.value.remedy.split("fit: ")[1].split(";")[0]) == [(1, 1)]


def test_states_of_two_types_cannot_be_exchanged() -> None:
    model = inspect(carried(state="h", following="h_out", dtype="int8"))
    mixed = inspect(side_by_side(["a", "b"], [(1, 2), (1, 2)], ["c", "d"]))
    assert with_states(mixed, (("a", "d"),), "w").declared_states == ((0, 1),)
    with pytest.raises(ConfigurationError, match="goes from shape"):
        with_states(model, (("audio", "Identity"),), "w")


def test_every_input_a_state_leaves_nothing_to_feed() -> None:
    model = inspect(side_by_side(["a", "b"], [(1, 2), (1, 2)], ["c", "d"]))
    with pytest.raises(ConfigurationError, match="nothing is fed"):
        with_states(model, (("a", "c"), ("b", "d")), "w")


def test_where_nothing_fits_all_ends_are_listed() -> None:
    model = inspect(side_by_side(["a", "b"], [(1, 2), (1, 3)], ["c", "d"]))
    with pytest.raises(ConfigurationError) as caught:
        with_states(model, (("a", "x"),), "w")
    assert "a (1, 2), b (1, 3)" in caught.value.remedy
    assert "c (1, 2), d (1, 3)" in caught.value.remedy


def test_ambiguous_states_can_be_declared() -> None:
    model = inspect(twins())
    done = with_states(model, (("state_a", "q"), ("state_b", "p")), "w")
    assert [(pair.name, pair.output_name) for pair in state_pairs(done)] == [
        ("state_a", "q"), ("state_b", "p"),
    ]  # fmt: skip
