"""Explanations survive a report's JSON, whatever mistake they name."""

from __future__ import annotations

from typing import get_args

import pytest
from tflm_hil.report.causes import Cause, Evidence, Explanation
from tflm_hil.report.codec import from_plain, to_plain
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import How, Mistake, Way

from tests.unit.report.explanations import CULPRIT, EVIDENCE, EXPLANATION, HOWS


def test_every_form_has_an_example() -> None:
    assert {type(how) for how in HOWS} == set(get_args(How))
    assert {type(item) for item in EVIDENCE} == set(get_args(Evidence))


def test_forms_are_told_apart_by_their_names() -> None:
    forms = [kind.form for kind in (*get_args(How), *get_args(Evidence)) if kind is not Way]
    assert len(set(forms)) == len(forms)


@pytest.mark.parametrize("how", HOWS, ids=str)
def test_how_a_mistake_was_made_survives(how: How) -> None:
    cause = Cause(CauseKind.UNKNOWN, Mistake(how, ("lower", "upper")), evidence=EVIDENCE)
    assert from_plain(Cause, to_plain(cause)) == cause


def test_an_explanation_survives() -> None:
    assert from_plain(Explanation, to_plain(EXPLANATION)) == EXPLANATION


def test_fields_are_read_without_this_package() -> None:
    """As `jq .variants[].explanation.causes[].kind` does."""
    (cause,) = to_plain(EXPLANATION)["causes"]
    assert cause["kind"] == "gate-order"
    assert cause["mistake"]["how"] == {
        "form": "gates-reordered",
        "order": ["r", "z", "h"],
        "expected": ["z", "r", "h"],
    }
    assert cause["site"]["operator_name"] == CULPRIT.operator_name
    assert cause["site"]["manner"] == "computes-differently"
    assert cause["evidence"][0]["form"] == "lint-shows"


def test_an_unknown_form_is_refused() -> None:
    plain = to_plain(EXPLANATION)
    plain["causes"][0]["mistake"]["how"]["form"] = "magic"
    with pytest.raises(ValueError, match="no record has the form magic"):
        from_plain(Explanation, plain)


def test_what_was_found_is_named() -> None:
    assert EXPLANATION.named
    assert Explanation((Cause(CauseKind.UNKNOWN, site=CULPRIT),)).named
    assert not Explanation((Cause(CauseKind.UNKNOWN, difference=0.5),)).named
    assert not Explanation().named
