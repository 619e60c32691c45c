"""Explanations in words, each sentence once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tflm_hil.report.causes import (
    Candidate,
    Cause,
    Culprit,
    Descent,
    Explanation,
    Manner,
    NotExamined,
    Origin,
    Unexamined,
)
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import Fill, Mistake, OperatorRounds, RunTwiceDiffers, Shifted, Way
from tflm_hil.report.render.causes import (
    WHY_NOT,
    cause_sentence,
    descent_sentence,
    evidence_sentence,
    explanation_lines,
    not_examined_sentence,
)

from tests.unit.report.explanations import ALIKE, BEYOND, CULPRIT, EXPLANATION, FLOATS, GROWS, LINT

SIGMOID = (
    "operator 17 LOGISTIC of subgraph 2 (run by operator 1) computes differently: its inputs are"
    " equal, its output is not (at step 3, time step 4 of its input): tensor 42 'cell/Sigmoid'"
    " (int8): 3 of 8 values differ, by up to 7 LSB (element 5: 19, expected 12)"
)
H = "tensor 4 'h' (float32): 1 of 6 values differ, by up to 0.25 (element 0: 0.75, expected 0.5)"
FLAT = Culprit(0, 0, 5, "ADD", Manner.COMPUTES_DIFFERENTLY, FLOATS, apart=1.2e-7)

DESCENTS = {
    Descent(7, 4, CULPRIT, origin=Origin.OPERATOR): f"Sequence 7: {SIGMOID}.",
    Descent(7, 1, FLAT): "Sequence 7: operator 5 ADD computes differently: its inputs agree within"
    f" 1.2e-07, its output does not (at step 0): {H}.",
    Descent(0, 1, replace(FLAT, manner=Manner.OTHER_CONSTANT, constant=FLOATS)):
    f"Sequence 0: operator 5 ADD has another constant than the model: {H}; so its output differs"
    f" (at step 0): {H}.",
    Descent(0, 1, replace(FLAT, manner=Manner.PASSES_ON)): "Sequence 0: operator 5 ADD is the first"
    f" to differ in the last iteration, an earlier one made the error (at step 0): {H}.",
    Descent(2, 1, Culprit(0, 0, -1, "", Manner.INPUT_CHANGED, FLOATS), origin=Origin.INPUT):
    "Sequence 2: the input that the model runs on is not the one that was sent (at step 0):"
    f" {H}.",
    Descent(3, 1, None): "Sequence 3, run again alone, is right in every operator of 1 step.",
    Descent(3, 8, None, in_time=False): "Sequence 3, run again alone, is right in every operator of"
    " 8 steps; there was no time for more.",
    Descent(3, 8, None, origin=Origin.OVERLAP): "Sequence 3, run again alone, is right in every"
    " operator of 8 steps when each tensor has memory of its own, and wrong otherwise: tensors"
    " overlap in the arena.",
    Descent(3, 8, None, origin=Origin.FEEDBACK): "Sequence 3, run again alone, is right in every"
    " operator of 8 steps when they start from the states of desktop TFLM: the error is in how the"
    " device feeds its states back.",
    Descent(3, 8, None, origin=Origin.LEAK): "Sequence 3, run again alone, is right in every"
    " operator of 8 steps: the error comes from what the sequences before it left behind.",
    Descent(None, 801, CULPRIT, start=800): f"The first step that differs is 800: {SIGMOID}.",
    Descent(None, 801, None, origin=Origin.STATE_OR_MEMORY, start=800): "At step 800, from desktop"
    " TFLM's state and with all tensors kept, every operator is right: the error comes from the"
    " state or from memory.",
}  # fmt: skip

LATE = Mistake(Shifted(1, Fill.ZERO))
NEAREST = Candidate(CauseKind.TIME_SHIFT, LATE, 0.6, 0.3)
CAUSES = {
    Cause(CauseKind.TIME_SHIFT, LATE, share=0.9987, difference=0.1234, left=0.00445):
    "Cause: sequence is shifted in time: 1 step late, filled with zero; this explains 99.9% of the"
    " difference (RMS 0.1234, left 0.00445).",
    Cause(CauseKind.MEMORY_OVERLAP, Mistake(Way.TENSORS_OVERLAP)): "Cause: memory is overwritten:"
    " tensors that are needed at the same time overlap in the arena.",
    Cause(CauseKind.KERNEL_VARIANTS, Mistake(OperatorRounds("TANH", 1.0)), site=CULPRIT):
    "Cause: kernel variants round differently: given the same, TANH is off by 1 LSB at most.",
    Cause(CauseKind.REFERENCE_VARIES, Mistake(RunTwiceDiffers(0.125))): "Cause: reference is not"
    " deterministic: run twice on the same input, it differs by RMS 0.125.",
    Cause(CauseKind.ERROR_GROWS, difference=0.5, evidence=(GROWS,)): "Cause: error grows with the"
    " length. The error (RMS) is 0.0503 at step 10, 0.503 at step 100, 1 at step 199. No other"
    " known mistake explains it.",
    Cause(CauseKind.UNKNOWN, difference=0.5, nearest=NEAREST):
    "Cause unknown: no known mistake explains the difference (RMS 0.5); the nearest, sequence is"
    " shifted in time (1 step late, filled with zero), leaves 60% of it.",
    Cause(CauseKind.UNKNOWN, difference=0.5): "Cause unknown: no known mistake explains the"
    " difference (RMS 0.5).",
    Cause(CauseKind.UNKNOWN, site=CULPRIT): "No known mistake explains this: look into that"
    " operator.",
    Cause(CauseKind.UNKNOWN): "",
}  # fmt: skip


@pytest.mark.parametrize("descent", DESCENTS, ids=DESCENTS.get)
def test_what_a_descent_has_shown(descent: Descent) -> None:
    assert descent_sentence(descent) == DESCENTS[descent]


@pytest.mark.parametrize("cause", CAUSES, ids=CAUSES.get)
def test_a_cause_is_said(cause: Cause) -> None:
    assert cause_sentence(cause) == CAUSES[cause]


def test_evidence_is_said() -> None:
    assert evidence_sentence(ALIKE) == (
        "An engine on the desktop that does so gives what the board gives, in the first 12 of 360"
        " sequences."
    )
    assert evidence_sentence(LINT) == (
        "The file shows it: the bias of FULLY_CONNECTED #3 is shared."
    )
    assert evidence_sentence(BEYOND) == (
        "36% of the inputs lie beyond the input's scale, -1.28 to 1.27: 18% below, 8% 8% 8% 8% 8%"
        " 8% 8% 8% between, 18% above."
    )


def test_an_explanation_is_told_line_by_line() -> None:
    assert explanation_lines(EXPLANATION) == (
        f"Sequence 7: {SIGMOID}.",
        "Cause: gate order differs: r, z, h instead of z, r, h in layer upper; this explains 99.9%"
        " of the difference (RMS 0.1234, left 0.0039). The file shows it: the bias of"
        " FULLY_CONNECTED #3 is shared. These sequences cannot tell it from: activation differs"
        " (relu instead of tanh, or linear instead of tanh (these sequences cannot tell))."
        " (Judged on the first 12 sequences.)",
        "→ Put the gates in Keras' order: z, r, h (GRU) or i, f, c, o (LSTM).",
        "Known mistakes were not tried: layer x is a Conv2D.",
        "In sequence 3 integers lie at an end of their range: 75% of tensor 9 (ADD in subgraph 1)."
        " Calibrate with data that reach as far.",
    )


def test_more_than_a_few_that_predict_the_same_are_not_listed() -> None:
    alike = tuple(Mistake(Shifted(steps, Fill.EDGE)) for steps in (1, 2, -1, -2))
    said = cause_sentence(Cause(CauseKind.TIME_SHIFT, LATE, alike))
    assert ", or 1 step late, filled with the edge, or 2 steps late, " in said
    assert said.endswith(
        ", or 1 step early, filled with the edge, or … (these sequences cannot tell)."
    )


def test_an_operator_is_not_cleared_of_mistakes_that_were_not_tried() -> None:
    unknown = Cause(CauseKind.UNKNOWN, site=CULPRIT)
    no_keras = NotExamined(Unexamined.NO_KERAS_MODEL)
    lines = explanation_lines(
        Explanation((unknown,), Descent(7, 4, CULPRIT), not_examined=(no_keras,))
    )
    assert lines[1:] == (
        "Look into that operator.",
        "Known mistakes were not tried: there is no Keras model to compute them with.",
    )


def test_an_operator_that_was_not_looked_for_comes_before_the_cause() -> None:
    refused = NotExamined(Unexamined.OPERATOR_REFUSED, "the arena is too small")
    cause = Cause(CauseKind.TIME_SHIFT, LATE)
    assert explanation_lines(Explanation((cause,), not_examined=(refused,))) == (
        "The operator was not looked for: the arena is too small.",
        "Cause: sequence is shifted in time: 1 step late, filled with zero.",
        "→ Check where the window starts, and its direction.",
    )


@pytest.mark.parametrize("reason", Unexamined)
def test_every_reason_is_a_sentence(reason: Unexamined) -> None:
    text = not_examined_sentence(NotExamined(reason, "layer x is a Conv2D"))
    assert text.endswith(".")
    assert ("layer x is a Conv2D" in text) == ("{about}" in WHY_NOT[reason])
