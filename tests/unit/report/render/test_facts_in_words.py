"""Every measure, state, step and label that a record may hold has its words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tflm_hil.report.judgement import Failure, Limit, Measurement, Rung, Scope, Verdict
from tflm_hil.report.records import LabelRecord, StateRecord, VariantRecord
from tflm_hil.report.render.labels import label_lines, labels_text
from tflm_hil.report.render.notes import NoteKind, remarks_on
from tflm_hil.report.render.states import memory_text, steps_text
from tflm_hil.report.render.verdicts import verdict_text
from tflm_hil.report.render.wording import quantity
from tflm_hil.vocabulary import (
    AS_GIVEN,
    MEASURES,
    RUNG_MEASURES,
    LabelKind,
    Measure,
    RungName,
    StateBasis,
    StateKeeper,
    StepBasis,
    Task,
)

RUNGS = (
    Rung(RungName.TFLM),
    Rung(
        RungName.DEVICE,
        RungName.TFLM,
        **dict.fromkeys((measure.value for measure in RUNG_MEASURES), 2),  # type: ignore[arg-type]
        values=9,
        worst=(1, 0),
        first_nonfinite=(1, 0),
    ),
)
VARIANT = VariantRecord(
    "m", "m", AS_GIVEN, "float32", "0" * 64, 9, Verdict.FAIL, rungs=RUNGS, sequences=2, steps=4
)


def failed(check: Measurement, rung: RungName = RungName.DEVICE) -> str:
    return verdict_text(replace(VARIANT, failure=Failure(rung, check), measurements=(check,)))


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("measure", Measure)
def test_every_measure_can_break_a_limit_and_be_told(measure: Measure, scope: Scope) -> None:
    limit = Limit(RungName.DEVICE, measure, maximum=1)
    check = Measurement(measure, 2, RungName.DEVICE, scope, 0, limit=limit)
    assert check.verdict is Verdict.FAIL
    assert quantity(check).startswith("2")
    if scope is Scope.SAMPLES and measure not in RUNG_MEASURES:
        return  # the ladder holds measures of rungs only
    if scope is Scope.WEIGHT and measure is not Measure.NONFINITE:
        return  # nothing else is measured of a weight
    text = failed(check)
    assert text
    assert "2" in text
    if scope is Scope.SAMPLES and measure is not Measure.NONFINITE:
        assert MEASURES[measure].title in text


def test_a_step_is_named_only_where_there_are_steps() -> None:
    limit = Limit(RungName.DEVICE, Measure.MAX_ABS, maximum=1)
    check = Measurement(Measure.MAX_ABS, 2, RungName.DEVICE, limit=limit)
    rungs = (RUNGS[0], replace(RUNGS[1], first_differing_step=5))
    said = {
        steps: "at step 5" in verdict_text(
            replace(
                VARIANT, rungs=rungs, steps=2, time_steps=steps,
                failure=Failure(RungName.DEVICE, check),
            )
        )
        for steps in (0, 12)
    }  # fmt: skip
    assert said == {0: False, 12: True}


@pytest.mark.parametrize("scope", [Scope.SAMPLES, Scope.OUTPUT, Scope.STATE, Scope.WEIGHT])
@pytest.mark.parametrize("rung", RungName)
def test_values_that_are_no_numbers_are_told_with_their_rung(rung: RungName, scope: Scope) -> None:
    limit = Limit(rung, Measure.NONFINITE, maximum=0)
    text = failed(Measurement(Measure.NONFINITE, 2, rung, scope, 3, limit=limit), rung)
    assert "NaN or infinite" in text
    assert ("sequence 1" in text) == (scope is Scope.SAMPLES and rung is RungName.DEVICE)


@pytest.mark.parametrize("basis", StateBasis)
def test_states_are_told_unless_somebody_said_so(basis: StateBasis) -> None:
    keeper = StateKeeper.CALLER if basis.sure else StateKeeper.NOBODY
    state = StateRecord("h", keeper, 16, basis, 1, 2, "Identity_1")
    remarks = [
        text
        for kind, text in remarks_on(replace(VARIANT, states=(state,)))
        if kind is NoteKind.STATES
    ]
    if basis in (StateBasis.DECLARED, StateBasis.SIGNATURE):
        assert remarks == []
        return
    (text,) = remarks
    assert "h from Identity_1" in text
    assert "--hil-state none" in text
    assert ("--hil-state h=Identity_1" in text) == (not basis.sure)
    shipped = replace(VARIANT, states=(state,), export="step")
    (text,) = [text for kind, text in remarks_on(shipped) if kind is NoteKind.STATES]
    assert "states = []" in text
    assert ("{ input = 1, output = 2 }" in text) == (not basis.sure)


def test_memory_is_told_by_who_keeps_it_and_a_suspicion_is_none() -> None:
    states = tuple(StateRecord(keeper, keeper, 16) for keeper in StateKeeper)
    text = memory_text(replace(VARIANT, states=states))
    assert text == (
        "16 B fed back by the caller (1), 16 B in variable tensors (1), 16 B in resource"
        " variables (1), 16 B or more in operators' own memory (1)"
    )


@pytest.mark.parametrize("basis", StepBasis)
def test_steps_say_how_they_are_known(basis: StepBasis) -> None:
    text = steps_text(replace(VARIANT, steps_per_invoke=3, steps_basis=basis))
    assert text.startswith("3 steps of time an inference (")
    assert steps_text(VARIANT) == "no steps of time known"


@pytest.mark.parametrize("kind", LabelKind)
def test_labels_are_told_and_chance_is_a_warning(kind: LabelKind) -> None:
    labels = LabelRecord(kind, Task.CLASSIFICATION, False, 3, at_chance=(RungName.DEVICE,))
    assert "recognised" in labels_text(labels)
    recognised, warning = label_lines(replace(VARIANT, labels=labels))
    assert "--hil-task" in recognised
    assert "the device does no better than chance" in warning
    assert list(label_lines(replace(VARIANT, labels=replace(labels, declared=True)))) == [warning]
