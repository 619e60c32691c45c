"""Choosing variants: the same as pytest makes of -k."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from _pytest.mark.expression import Expression
from hypothesis import given as given_
from hypothesis import strategies as st
from tflm_hil.boards.spec import Overrides
from tflm_hil.commands.demo import TOUR
from tflm_hil.errors import ConfigurationError
from tflm_hil.models.zoo.manifest import load_zoo
from tflm_hil.options import SHIPPED_ZOO, RunConfig
from tflm_hil.run.select import choose, compile_expression, expression_for, named_in, select

from tests.support.model_folder import write_model_folder

IDS = (
    "digits_gru-float32-loop",
    "digits_gru-int8-unrolled",
    "digits_gru_big-int8-unrolled",
    "sine_gru-int16x8-step",
)


@dataclass(frozen=True)
class Named:
    """What selection sees of a variant."""

    id: str

    @property
    def model(self) -> str:
        return self.id.split("-")[0]


ZOO: Any = [Named(id_) for id_ in IDS]


def chosen(expression: str) -> list[str]:
    return [variant.id for variant in select(ZOO, expression)]


def test_words_are_parts_of_ids_in_any_case() -> None:
    assert chosen("SINE_") == [IDS[3]]
    assert chosen("digits_gru-int8-unrolled") == [IDS[1]]
    assert chosen("") == list(IDS)


def test_not_binds_stronger_than_and_and_that_stronger_than_or() -> None:
    assert chosen("sine_ or digits_gru- and not int8") == [IDS[0], IDS[3]]
    assert chosen("(sine_ or digits_gru-) and not int8") == [IDS[0], IDS[3]]
    assert chosen("(sine_ or digits_) and not (float32 or step)") == [IDS[1], IDS[2]]


def test_full_names_choose_nothing_else() -> None:
    assert expression_for([], ZOO) == ""
    assert chosen(expression_for(["digits_gru"], ZOO)) == [IDS[0], IDS[1]]
    assert chosen(expression_for(["digits_gru_big", IDS[3]], ZOO)) == [IDS[2], IDS[3]]


def test_the_tour_shows_every_cell_export_and_type_and_no_other_entry() -> None:
    zoo = [variant for model in load_zoo(SHIPPED_ZOO) for variant in model.variants]
    tour = select(zoo, TOUR)
    assert {variant.model.partition("_")[0] for variant in tour} == {"digits", "sine"}
    assert {variant.dtype for variant in tour} == {"float32", "int8", "int16"}
    assert {variant.export for variant in tour} == {"loop", "unrolled", "fused", "shift", "step"}
    assert len(tour) < 40, "a tour ends before its watcher leaves"


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("and", "at 'and'"),
        ("sine or", "at its end"),
        ("(sine", "at its end"),
        ("sine)", "at '\\)'"),
        ("sine digits", "at 'digits'"),
        ("not", "at its end"),
        ("sine & digits", "at '&'"),
    ],
)
def test_what_is_no_expression_is_said(expression: str, place: str) -> None:
    with pytest.raises(ConfigurationError, match=f"is no expression: wrong {place}"):
        select(ZOO, expression)


def test_nothing_chosen_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="no variant of the zoo matches 'mnist'"):
        select(ZOO, "mnist")


WORDS = st.sampled_from(["digits", "GRU", "int8", "sine_gru-int16x8-step", "[sine", "loop]", "x/y"])
EXPRESSIONS = st.recursive(
    WORDS,
    lambda inner: st.one_of(
        st.builds("({})".format, inner),
        st.builds("not {}".format, inner),
        st.builds("{} and {}".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
    ),
    max_leaves=6,
)


@given_(EXPRESSIONS)
def test_the_same_as_pytest(expression: str) -> None:
    theirs = Expression.compile(expression)

    def part_of(name: str) -> Any:
        def matcher(word: str, /, **_: Mapping[str, Any]) -> bool:
            return word.lower() in f"[{name}]".lower()

        return matcher

    ours = compile_expression(expression)
    for id_ in IDS:
        assert ours(id_) == theirs.evaluate(part_of(id_)), (expression, id_)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    zoo = tmp_path_factory.mktemp("zoo")
    write_model_folder(zoo / "tiny")
    return RunConfig("nucleo-f746zg-emulated", Overrides(), zoo=zoo, report_dir=zoo / "reports")


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        ([], []),
        (["-q", "-x"], ["-q", "-x"]),
        (["tiny"], ["-k", "[tiny-"]),
        (["-q", "tiny-float32-loop"], ["-q", "-k", "[tiny-float32-loop]"]),
        (["tiny", "-k", "ladder or state"], ["-k", "(ladder or state) and ([tiny-)"]),
        (["tests/hil", "-m", "slow"], ["tests/hil", "-m", "slow"]),
    ],
)
def test_names_on_the_command_line_become_an_expression_for_pytest(
    config: RunConfig, typed: list[str], given: list[str]
) -> None:
    assert named_in(typed, config) == given


def test_name_that_is_none_is_said() -> None:
    assert [variant.id for variant in choose(ZOO, ["digits_gru"], "int8")] == [IDS[1]]
    with pytest.raises(ConfigurationError, match="is called 'digits'"):
        choose(ZOO, ["digits"], "")
