"""Drift over the samples: told of what has steps of time and whose states were fed back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.comparison import RungOutputs, compare_ladder
from tflm_hil.drift.sample_drift import sample_drift
from tflm_hil.models.zoo.given import Said, given_variants
from tflm_hil.references import References
from tflm_hil.references.records import Reference
from tflm_hil.run.assemble import VariantParts, assemble
from tflm_hil.vocabulary import LabelKind, RungName, StateKeeper, StepBasis

from tests.support.state_models import carried, side_by_side
from tests.unit.run.test_assemble import measured

STEPS = 12
ROWS = RungOutputs(np.random.default_rng(2).normal(size=(3, STEPS, 2)), per_step=True)
CASES = {
    "fed back": (carried(), Said(), True),
    "suspected": (carried(data="input_1", state="input_2"), Said(), False),
    "suspected, with steps": (carried(data="input_1", state="input_2"), Said(steps=4), False),
    "declared": (
        carried(data="input_1", state="input_2"), Said(states=("input_2=1",)), True,
    ),
    "picture": (side_by_side(["image"], [(1, STEPS, 2)], ["y"]), Said(), False),
    "said to have steps": (side_by_side(["image"], [(1, 12, 2)], ["y"]), Said(steps=12), True),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_drift_is_told_of_what_carries_a_state_through_steps(case: str, tmp_path: Path) -> None:
    content, said, told = CASES[case]
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    (variant,) = given_variants([path], [], said)
    ladder = compare_ladder({"tflm": ROWS, "device": ROWS})
    whole = replace(measured(), variant=variant, tensors=(ROWS,), ladder=ladder)
    references = References(
        variant.id, "reset_each", {RungName.TFLM: Reference(RungName.TFLM, (ROWS,), {})}
    )
    assert bool(sample_drift(whole, references)) == told


def test_record_says_what_is_a_state_how_many_steps_and_what_labels_are(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(carried())
    np.savez(tmp_path / "x.npz", inputs=np.ones((3, STEPS, 3)), labels=np.array([0, 1, 1]))
    (variant,) = given_variants([path], [tmp_path / "x.npz"])
    ladder = compare_ladder({"tflm": ROWS, "device": ROWS}, np.array([0, 1, 1]))
    record = assemble(
        VariantParts(variant, measured=replace(measured(), variant=variant, ladder=ladder))
    )
    (state,) = record.states
    assert (state.name, state.keeper, state.bytes) == ("gru_prev_state", StateKeeper.CALLER, 16)
    assert (record.steps_per_invoke, record.steps_basis) == (1, StepBasis.STATE)
    assert record.labels is not None
    assert (record.labels.kind, record.labels.last_step, record.labels.declared) == (
        LabelKind.CLASSES, True, False,
    )  # fmt: skip
    assert record.task is record.labels.task
    not_measured = assemble(VariantParts(variant))
    assert not_measured.states == record.states
