from pathlib import Path

import numpy as np
import pytest
from tflm_hil.drift.long_sequence import STEPS, carries_state, long_sequence
from tflm_hil.models.zoo.manifest import Variant, load_model

MODELS = Path(__file__).parents[3] / "fixtures" / "models"


def variant(model: str, name: str) -> Variant:
    return next(item for item in load_model(MODELS / model).variants if item.name == name)


@pytest.mark.parametrize(
    ("model", "name", "memory"),
    [
        ("sine_lstm", "int8-step", True),
        ("sine_lstm", "int8-fused", True),
        ("sine_lstm", "int8-shift", False),
        ("sine_lstm", "int8-unrolled", False),
        ("digits_gru", "float32-loop", False),
    ],
)
def test_what_remembers_is_read_from_the_graph(model: str, name: str, memory: bool) -> None:
    assert carries_state(variant(model, name)) is memory


def test_a_step_model_gets_its_samples_row_by_row() -> None:
    item = variant("digits_lstm", "int8-fused")
    rows = item.load_samples().inputs.reshape(-1, 8)
    step = long_sequence(variant("sine_gru", "int8-step"))
    values = variant("sine_gru", "int8-step").load_samples().inputs.reshape(-1)
    assert (step.rows, step.invokes, step.steps) == (1, STEPS, STEPS)
    assert np.array_equal(step.inputs[:, 0], values[:STEPS])
    window = long_sequence(item)
    assert (window.rows, window.invokes, window.steps) == (8, 125, STEPS)
    assert np.array_equal(window.inputs.reshape(-1, 8), rows[:STEPS])


def test_a_window_with_states_of_its_own_is_a_window() -> None:
    """A stateful model is fed chunk by chunk, its states beside them."""
    sequence = long_sequence(variant("stateful_lstm", "int8-shift"))
    assert sequence.rows > 1
    assert sequence.steps == pytest.approx(STEPS, abs=sequence.rows)


def test_windows_that_do_not_divide_a_thousand_make_a_few_steps_more() -> None:
    sequence = long_sequence(variant("sine_lstm", "int8-fused"))
    assert (sequence.rows, sequence.invokes, sequence.steps) == (9, 112, 1008)


def test_short_samples_start_again() -> None:
    item = variant("sine_gru", "int8-step")
    values = item.load_samples().inputs.reshape(-1)
    sequence = long_sequence(item, steps=len(values) + 3)
    assert np.array_equal(sequence.inputs[-3:, 0], values[:3])


def test_the_moved_input_is_one_rounding_away_everywhere() -> None:
    sequence = long_sequence(variant("sine_gru", "float32-step"))
    delta = np.abs(sequence.perturbed.astype(np.float64) - sequence.inputs)
    largest = float(np.max(np.abs(sequence.inputs)))
    assert np.all(delta > 0.4 * largest * 2**-22)
    assert np.all(delta < 1.6 * largest * 2**-22)
    assert np.array_equal(sequence.perturbed, sequence.perturbed), "the same every time"
