"""What the rung of the equations covers, a diagnosis covers: own cells and stateful layers, too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.errors import ReferenceFailed
from tflm_hil.explain.case import Case, forward
from tflm_hil.explain.keras_case import keras_case
from tflm_hil.explain.rank import Known, diagnose
from tflm_hil.references.own_equations import own_equations
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import How, Way, WipedEvery

FIXTURES = Path(__file__).parents[3] / "fixtures"
MODELS = FIXTURES / "models"
JORDAN = FIXTURES / "cells" / "jordan.py"
LSB = 1 / 128


@pytest.fixture(scope="module")
def jordan() -> Case:
    """A cell of somebody's own on sequences that are no palindromes in any way."""
    inputs = np.random.default_rng(3).uniform(-1, 1, (16, 24, 2))
    case = keras_case((MODELS / "jordan" / "model.keras", JORDAN), inputs)
    assert case.inputs.shape[2] == 2
    return case


def named(case: Case, observed: NDArray[np.float64]) -> tuple[CauseKind, How]:
    """The cause of outputs that were rounded to eight bits, and how the mistake was made."""
    cause = diagnose(case, np.round(observed / LSB) * LSB, Known(LSB)).cause
    assert cause is not None
    assert cause.mistake is not None
    return cause.kind, cause.mistake.how


def by_hand(case: Case, x: NDArray[np.float64], *, keeps: bool = True) -> NDArray[np.float64]:
    """The Jordan network of `fixtures/cells/jordan.py`, written once more."""
    (layer,) = (part.layer for part in case.recurrent)
    assert layer.cell is not None
    w = layer.cell.weights
    y, outputs = np.zeros((len(x), 1)), []
    for t in range(x.shape[1]):
        fed_back = y if keeps else 0.0 * y
        h = np.tanh(x[:, t] @ w["kernel"] + fed_back @ w["feedback_kernel"] + w["bias"])
        y = h @ w["output_kernel"] + w["output_bias"]
        outputs.append(y)
    return np.stack(outputs, axis=1)


def test_an_own_cell_is_the_one_of_the_file(jordan: Case) -> None:
    assert np.abs(forward(jordan) - by_hand(jordan, jordan.inputs)).max() < 1e-12


def test_mistakes_around_an_own_cell_are_named(jordan: Case) -> None:
    turned = by_hand(jordan, jordan.inputs[:, :, ::-1])
    assert named(jordan, turned) == (CauseKind.FEATURE_ORDER, Way.FEATURES_REVERSED)
    forgetful = by_hand(jordan, jordan.inputs, keeps=False)
    assert named(jordan, forgetful) == (CauseKind.STATE_LOST, WipedEvery(1))


def test_a_state_that_is_lost_between_two_calls_is_named() -> None:
    random = np.random.default_rng(3)
    case = keras_case(
        (MODELS / "stateful_lstm" / "model.keras", None), random.normal(0, 1, (24, 32, 1))
    )
    assert (case.calls, case.steps) == (4, 32)
    parts = tuple(
        replace(part, stateful=False) if part in case.recurrent else part for part in case.parts
    )
    forgetful = forward(replace(case, parts=parts))
    assert named(case, forgetful) == (CauseKind.STATE_LOST, WipedEvery(8))


def test_an_equation_that_raises_is_an_error_of_its_file(jordan: Case) -> None:
    cell = jordan.recurrent[0].layer.cell
    assert cell is not None
    with pytest.raises(
        ReferenceFailed, match=r"JordanCell of jordan\.py failed: KeyError: 'kernel'"
    ):
        replace(cell, weights={}).step(np.zeros((1, 2)), (np.zeros((1, 1)),))


def test_a_file_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_module\n", encoding="utf-8")
    with pytest.raises(ReferenceFailed, match=r"f of broken\.py failed: .*No module named"):
        own_equations(broken, ["f"])["f"](np.zeros(1))
