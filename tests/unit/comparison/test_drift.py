import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tflm_hil.comparison.drift import drift, drifts, saturated
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.errors import ComparisonError
from tflm_hil.report.drifting import TrendKind
from tflm_hil.vocabulary import RungName

STEPS = 400
TRUTH = np.random.default_rng(5).standard_normal((3, STEPS, 4)).astype(np.float32)


def outputs(values: NDArray[np.floating]) -> RungOutputs:
    return RungOutputs(values.astype(np.float32), per_step=True)


def planted(growth: NDArray[np.floating], start: int = 0) -> RungOutputs:
    """The truth with an error whose size follows `growth` from `start` on."""
    error = np.random.default_rng(6).standard_normal(TRUTH.shape) * growth[None, :, None]
    error[:, :start] = 0
    return outputs(TRUTH + error)


def test_equal_outputs_have_no_drift() -> None:
    movement = drift("device", outputs(TRUTH), "tflm", outputs(TRUTH))
    assert movement.first_differing_step is None
    assert movement.first_diverging_step is None
    assert (movement.record.steps, movement.record.max_abs, movement.record.lost) == (
        STEPS,
        0.0,
        False,
    )


@pytest.mark.parametrize(
    ("growth", "kind"),
    [
        (np.full(STEPS, 0.01), TrendKind.BOUNDED),
        (1e-4 * np.arange(STEPS), TrendKind.LINEAR),
        (1e-4 * np.exp(np.arange(STEPS) / 50), TrendKind.DIVERGING),
        (0.1 * (1 - np.exp(-np.arange(STEPS) / 40)), TrendKind.BOUNDED),
        (np.where(np.arange(STEPS) < 123, 1e-4, 0.1), TrendKind.BOUNDED),
    ],
)
def test_kind_of_drift_is_found(growth: NDArray[np.float64], kind: TrendKind) -> None:
    movement = drift("tflite", planted(growth), "keras", outputs(TRUTH)).record
    assert movement.trend.kind is kind
    assert movement.trend.kind.grows == (kind is not TrendKind.BOUNDED)
    assert (movement.name, movement.against) == (RungName.TFLITE, RungName.KERAS)
    assert movement.max_abs == pytest.approx(4 * growth.max(), rel=0.5), "of normal deviates"


@given(st.integers(0, STEPS - 1))
@settings(max_examples=30)
def test_the_first_differing_step_is_exact(step: int) -> None:
    values = TRUTH.copy()
    values[1, step, 2] += np.float32(0.5)
    movement = drift("device", outputs(values), "tflm", outputs(TRUTH))
    assert movement.first_differing_step == step
    assert np.flatnonzero(movement.max_abs).tolist() == [step]
    assert movement.trend.kind == "bounded"


def test_first_step_beyond_a_tolerance_is_where_the_error_stays_beyond() -> None:
    values = TRUTH.copy()
    values[0, 10] += 1.0  # comes back
    values[0, 250:] += 1.0
    movement = drift("device", outputs(values), "tflm", outputs(TRUTH), tolerance=0.5)
    assert movement.first_differing_step == 10
    assert movement.first_diverging_step == 250
    within = drift("device", outputs(values), "tflm", outputs(TRUTH), tolerance=2.0)
    assert within.first_diverging_step is None


def test_an_error_beyond_the_tolerance_from_the_start_diverges_at_step_0() -> None:
    apart = drift("device", outputs(TRUTH + 1), "tflm", outputs(TRUTH), tolerance=0.5)
    assert apart.first_diverging_step == 0


def test_a_growing_error_leaves_its_bounds_at_a_step() -> None:
    movement = drift(
        "tflm", planted(1e-4 * np.exp(np.arange(STEPS) / 40)), "tflite", outputs(TRUTH)
    )
    assert movement.first_diverging_step is not None
    assert 60 < movement.first_diverging_step < 250


def test_not_a_number_on_one_side_diverges() -> None:
    values = TRUTH.copy()
    values[0, 300:] = np.nan
    movement = drift("device", outputs(values), "tflm", outputs(TRUTH))
    assert movement.trend.kind == "diverging"
    assert movement.first_differing_step == 300


def test_saturated_elements_are_counted_with_their_first_step() -> None:
    stored = np.zeros((2, 10, 3), np.int8)
    stored[1, 4, 0] = 127
    stored[0, 7, 2] = -128
    rung = RungOutputs(stored, scale=0.1, zero_point=0, per_step=True)
    saturation = saturated(rung)
    assert saturation is not None
    assert (saturation.count, saturation.values, saturation.first_step) == (2, 60, 4)
    state = saturated(rung, "h")
    assert state is not None
    assert (state.state, state.count) == ("h", 2)
    assert drift("device", rung, "tflm", rung).saturation == saturation
    assert saturated(outputs(TRUTH)) is None


def test_an_error_as_large_as_the_outputs_vary_is_said() -> None:
    lost = drift("tflite", planted(np.full(STEPS, 1.0)), "keras", outputs(TRUTH))
    kept = drift("tflite", planted(np.full(STEPS, 0.1)), "keras", outputs(TRUTH))
    assert (lost.lost, kept.lost) == (True, False)


def test_every_rung_is_held_against_the_one_before() -> None:
    rungs = {"keras": outputs(TRUTH), "tflite": outputs(TRUTH), "device": outputs(TRUTH)}
    assert [(d.name, d.against) for d in drifts(rungs)] == [
        ("tflite", "keras"),
        ("device", "tflite"),
    ]


def test_outputs_without_steps_have_no_drift() -> None:
    flat = RungOutputs(TRUTH[:, 0])
    with pytest.raises(ComparisonError, match="no output of every step"):
        drift("device", flat, "tflm", flat)
