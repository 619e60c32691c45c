"""Words for the kinds of mistakes, and the page of all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.report.causes import Cause, Explanation
from tflm_hil.report.kinds import KNOWN_KINDS, CauseKind
from tflm_hil.report.mistakes import (
    BiasShared,
    CellBounded,
    FactorsRounded,
    Fill,
    GatesReordered,
    How,
    InputsBounded,
    InputScaled,
    Mistake,
    OperatorRounds,
    OperatorsForget,
    OtherFunction,
    OutputReadAs,
    RecurrentWeightsCount,
    RunTwiceDiffers,
    Shifted,
    StateReadAs,
    Way,
    WipedEvery,
)
from tflm_hil.report.render.causes import explanation_lines
from tflm_hil.report.render.kinds import KNOWN, page, remedy

GOLDEN = Path(__file__).parent / "golden" / "causes.txt"
PAGE = Path(__file__).parents[4] / "docs" / "mistakes.md"

MADE: dict[CauseKind, How] = {
    CauseKind.STATE_LEAKS: Way.LEAKS_INTO_NEXT,
    CauseKind.STATE_LOST: WipedEvery(4),
    CauseKind.INITIAL_STATE_IGNORED: Way.STARTS_AT_ZERO,
    CauseKind.STATE_SCALE: StateReadAs("c", 0.866, 0.01),
    CauseKind.STATES_SWAPPED: Way.STATES_EXCHANGED,
    CauseKind.OUTPUT_SCALE: OutputReadAs(0.7, -0.01),
    CauseKind.BIAS_SCALE: BiasShared(3.14159),
    CauseKind.CELL_CLIPPED: CellBounded(10.0),
    CauseKind.ERROR_GROWS: RecurrentWeightsCount(0.99499),
    CauseKind.CALIBRATION_RANGE: InputsBounded(0.8),
    CauseKind.NORMALISATION: InputScaled(0.497, 0.465),
    CauseKind.FEATURE_ORDER: Way.FEATURES_REVERSED,
    CauseKind.TIME_SHIFT: Shifted(1, Fill.ZERO),
    CauseKind.AXES_EXCHANGED: Way.FEATURES_READ_AS_TIME,
    CauseKind.MASK_IGNORED: Way.PADDING_AS_DATA,
    CauseKind.GATE_ORDER: GatesReordered(("r", "z", "h"), ("z", "r", "h")),
    CauseKind.BIAS_OR_RESET: Way.RESET_BEFORE_PRODUCT,
    CauseKind.ACTIVATION: OtherFunction("hard_sigmoid", "sigmoid", in_gates=True),
    CauseKind.MEMORY_OVERLAP: Way.TENSORS_OVERLAP,
    CauseKind.KERNEL_FORGETS: OperatorsForget(("UNIDIRECTIONAL_SEQUENCE_LSTM",)),
    CauseKind.SINGLE_PRECISION: FactorsRounded(("FULLY_CONNECTED", "SUB"), "SUB", 0.25, 0.2500001),
    CauseKind.KERNEL_VARIANTS: OperatorRounds("TANH", 1.0),
    CauseKind.BACKWARD_HALF: Way.BACKWARD_READS_FORWARDS,
    CauseKind.DECODER_START: Way.ENCODER_STATE_MISSING,
    CauseKind.REFERENCE_VARIES: RunTwiceDiffers(0.125),
}
"""One of each kind that a cause may have."""

WITHOUT_MISTAKE = {CauseKind.DYNAMIC_SHAPE, CauseKind.FLOAT_ISLAND, CauseKind.NOT_FINITE}
"""Lints and evidence say what they are; no output is computed with them."""


def golden() -> dict[str, list[str]]:
    """The lines of every kind: in the file they stand below its name."""
    blocks = GOLDEN.read_text("utf-8").strip().split("\n\n")
    return {lines[0]: lines[1:] for lines in (block.split("\n") for block in blocks)}


def test_every_known_mistake_has_its_words() -> None:
    assert tuple(KNOWN) == KNOWN_KINDS
    assert len(KNOWN) == 28
    assert len({known.name for known in KNOWN.values()}) == 28
    assert set(golden()) == set(MADE)
    assert set(MADE) | WITHOUT_MISTAKE == set(KNOWN_KINDS)


@pytest.mark.parametrize("kind", MADE)
def test_a_cause_of_each_kind_is_said_with_its_remedy(kind: CauseKind) -> None:
    lines = explanation_lines(Explanation((Cause(kind, Mistake(MADE[kind])),)))
    assert list(lines) == golden()[kind]


@pytest.mark.parametrize("kind", KNOWN_KINDS)
def test_remedies_are_orders_in_one_voice(kind: CauseKind) -> None:
    verb = remedy(kind).split()[0]
    assert verb in {
        "Bind", "Build", "Calibrate", "Check", "Compare", "Export", "Fix", "Give", "Hand", "Keep",
        "Name", "Put", "Quantise", "Requantise", "Send", "Set", "Stop", "Test", "Use",
    }  # fmt: skip
    assert remedy(kind).endswith(".")


def test_there_is_no_remedy_for_what_is_not_known() -> None:
    assert remedy(CauseKind.UNKNOWN) == ""


def test_the_page_of_mistakes_is_the_one_that_the_code_makes() -> None:
    command = "python -m tflm_hil.report.render.kinds > docs/mistakes.md"
    assert PAGE.read_text("utf-8") == page(), command
