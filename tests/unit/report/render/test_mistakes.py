"""Words for how a mistake was made: each once, as they are shown."""

from __future__ import annotations

import pytest
from tflm_hil.report.mistakes import Fill, How, Mistake, Way
from tflm_hil.report.render.mistakes import FILLS, WAYS, how_words, mistake_words

from tests.unit.report.explanations import WORDS


def test_every_way_has_words_of_its_own() -> None:
    assert set(WAYS) == set(Way)
    assert len(set(WAYS.values())) == len(WAYS)
    assert set(FILLS) == set(Fill)


@pytest.mark.parametrize("how", WORDS, ids=str)
def test_how_a_mistake_was_made_in_words(how: How) -> None:
    assert how_words(how) == WORDS[how]


def test_layers_are_named() -> None:
    assert mistake_words(Mistake(Way.STARTS_AT_ZERO)) == "it starts at zero"
    one = Mistake(Way.BIASES_MISSING, ("upper",))
    assert mistake_words(one) == "all biases are missing in layer upper"
    three = Mistake(Way.BIASES_MISSING, ("a", "b", "c"))
    assert mistake_words(three) == "all biases are missing in layers a, b and c"
