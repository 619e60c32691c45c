"""Outputs of single-step models: taken apart, aligned, and every step and state compared."""

from __future__ import annotations

import numpy as np
import pytest
from tflm_hil.comparison.align import aligned
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.errors import ComparisonError
from tflm_hil.link.messages import LoadedModel, StateInfo, TensorInfo
from tflm_hil.measure.device_outputs import device_outputs
from tflm_hil.measure.step_by_step import every_step, worst_sequence
from tflm_hil.references.records import Reference, References
from tflm_hil.report.judgement import Limit, Measurement, Verdict
from tflm_hil.vocabulary import Measure, RungName

Y = TensorInfo(1, "y", "int8", (1, 2), 0.5, 0, 2)
H = TensorInfo(0, "h_next", "int8", (1, 1), 0.25, 1, 1)
STATE = StateInfo(0, 0, 0.25, 1, 1)
MODEL = LoadedModel("00" * 16, "m", (), (Y, H), 0, 0, 0, 0, (STATE,))

# Two sequences of three steps: y0 y1 h, step by step.
BLOCKS = [bytes([1, 2, 50, 3, 4, 51, 5, 6, 52]), bytes([7, 8, 53, 9, 10, 54, 11, 12, 55])]


def references(*, h: list[list[int]]) -> References:
    """Keras gives the last step of `y` only; the wheel everything."""
    y = np.arange(1, 13, dtype=np.int8).reshape(2, 3, 2)
    state = np.array(h, np.int8).reshape(2, 3, 1)
    wheel = (RungOutputs(y, 0.5, 0, True), RungOutputs(state, 0.25, 1, True))
    keras = (RungOutputs(y[:, -1].astype(np.float32) / 2, 0.0, 0, False),)
    return References(
        "m",
        "reset_each",
        {
            "keras": Reference(RungName.KERAS, keras, {}),
            "tflm": Reference(RungName.TFLM, wheel, {}),
        },
    )


RIGHT = [[50, 51, 52], [53, 54, 55]]


def checks(blocks: list[bytes], computed: References) -> tuple[Measurement, ...]:
    wheel = computed.references["tflm"].tensors
    return every_step(device_outputs(blocks, MODEL, wheel), wheel, MODEL)


def worst(blocks: list[bytes], computed: References) -> int:
    wheel = computed.references["tflm"].tensors
    return worst_sequence(device_outputs(blocks, MODEL, wheel), wheel)


def test_every_output_by_itself_in_the_shape_and_on_the_scale_of_desktop_tflm() -> None:
    wheel = references(h=RIGHT).references["tflm"].tensors
    y, h = device_outputs(BLOCKS, MODEL, wheel)
    assert y.stored.tolist() == [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]]
    assert h.stored.tolist() == [[[50], [51], [52]], [[53], [54], [55]]]
    assert (h.scale, h.zero_point, h.per_step) == (0.25, 1, True)
    assert h.values[0, 0, 0] == 12.25


def test_the_ladder_takes_the_last_step_if_keras_has_no_other() -> None:
    rungs = references(h=RIGHT).rungs
    taken = aligned(rungs)
    assert taken["tflm"].values.shape == taken["keras"].values.shape == (2, 2)
    assert np.array_equal(taken["tflm"].values, taken["keras"].values)
    assert taken["tflm"].stored.tolist() == [[5, 6], [11, 12]]


def test_all_steps_stay_if_every_rung_has_them() -> None:
    rung = RungOutputs(np.zeros((2, 3, 2), np.float32), per_step=True)
    assert aligned({"keras": rung, "tflm": rung})["tflm"] is rung


def test_equal_at_every_step() -> None:
    measurements = checks(BLOCKS, references(h=RIGHT))
    assert [item.name for item in measurements] == [
        "device.output.1.differing",
        "device.state.0.differing",
    ]
    assert all(item.verdict is Verdict.PASS for item in measurements)


def test_a_state_that_differs_in_the_middle_fails() -> None:
    """Neither the last output nor the last state shows it."""
    output, state = checks(BLOCKS, references(h=[[50, 99, 52], [53, 54, 55]]))
    assert output.verdict is Verdict.PASS
    assert (state.verdict, state.value) == (Verdict.FAIL, 1)


def test_the_worst_sequence_is_looked_for_in_states_too() -> None:
    assert worst(BLOCKS, references(h=RIGHT)) == 0
    assert worst(BLOCKS, references(h=[[50, 51, 52], [53, 99, 55]])) == 1
    other = [BLOCKS[0], bytes([7, 8, 53, 9, 99, 54, 11, 12, 55])]
    assert worst(other, references(h=[[50, 99, 52], [53, 54, 55]])) == 1


@pytest.mark.parametrize("blocks", [BLOCKS[:1], [BLOCKS[0], BLOCKS[1][:-3]]])
def test_missing_outputs_are_an_error(blocks: list[bytes]) -> None:
    with pytest.raises(ComparisonError, match="device"):
        checks(blocks, references(h=RIGHT))


def test_nothing_for_a_model_without_fed_back_states() -> None:
    model = LoadedModel("00" * 16, "m", (), (Y,), 0, 0, 0, 0)
    assert every_step((), (), model) == ()


# --- several outputs, none of them a state --------------------------------------------------------

Z = TensorInfo(2, "z", "float32", (1, 1), 0.0, 0, 4)
TWO = LoadedModel("00" * 16, "m", (), (Y, Z), 0, 0, 0, 0)
LIMIT = Limit(RungName.DEVICE, Measure.MAX_REL, maximum=1e-6)


def two_outputs(second: float) -> tuple[Measurement, ...]:
    """`y` right and `z` at `second`, where desktop TFLM has 4."""
    blocks = [bytes([1, 2]) + np.float32(second).tobytes()]
    y = RungOutputs(np.array([[1, 2]], np.int8), 0.5, 0, False)
    z = RungOutputs(np.array([[4.0]], np.float32), 0.0, 0, False)
    return every_step(device_outputs(blocks, TWO, (y, z)), (y, z), TWO, [LIMIT])


def test_every_output_of_several_is_held_to_the_limit() -> None:
    right, wrong = two_outputs(4.0), two_outputs(4.1)
    assert [item.name for item in right] == ["device.output.1.differing", "device.output.2.max_rel"]
    assert {item.verdict for item in right} == {Verdict.PASS}
    assert wrong[1].verdict is Verdict.FAIL
    assert wrong[1].value == pytest.approx(0.025)
