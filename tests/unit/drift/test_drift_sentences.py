import numpy as np
from tflm_hil.comparison.chaos import Chaos
from tflm_hil.comparison.drift import drift, drifts
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.drift.drift_sentences import sentences
from tflm_hil.drift.long_references import LongReferences
from tflm_hil.drift.long_sequence import LongSequence
from tflm_hil.drift.teacher_forced import Forced
from tflm_hil.references.records import OutputTensor

INVOKES = 125
STORED = np.random.default_rng(3).integers(-90, 90, (1, INVOKES, 2)).astype(np.int8)
TENSOR = OutputTensor(STORED, 0.1, 0, True)


def references(rows: int, without_keras: str = "") -> LongReferences:
    sequence = LongSequence(np.zeros((INVOKES, rows), np.float32), rows)
    return LongReferences(sequence, None, without_keras, (TENSOR,), (TENSOR,), None)


def said(
    rows: int = 1,
    *,
    without_keras: str = "",
    own: Chaos | None = None,
    forced: Forced | None = None,
    state: RungOutputs | None = None,
) -> tuple[str, ...]:
    outputs = TENSOR.outputs()
    per = "step" if rows == 1 else "window"
    steps = drifts({"tflite": outputs, "tflm": outputs, "device": outputs}, per=per)
    from_keras = None if without_keras else drift("device", outputs, "keras", outputs, per=per)
    states = {} if state is None else {"h": state}
    return sentences(references(rows, without_keras), steps, from_keras, own, forced, states)


def test_every_rung_has_its_line_and_the_device_is_held_against_keras() -> None:
    lines = said()
    assert [line.split(":")[0] for line in lines] == [
        "Desktop TFLM against TFLite",
        "The device against desktop TFLM",
        "The device against Keras",
    ]


def test_windows_are_explained_first() -> None:
    first, *others = said(rows=8, forced=Forced(INVOKES, 250, 0, 0.0, 0.0))
    assert first.startswith("1,000 steps are 125 windows of 8")
    assert "125 windows, each from desktop TFLM's own state: no difference in 250 values." in others


def test_why_keras_is_missing_is_said() -> None:
    assert "Keras did not run the long sequence: no such layer." in said(
        without_keras="no such layer"
    )


def test_saturated_states_are_counted_by_name() -> None:
    stored = STORED.copy()
    stored[0, 40, 1] = 127
    full = OutputTensor(stored, 0.1, 0, True).outputs()
    assert any(line.startswith("State h: 1 of 250 values") for line in said(state=full))
    assert "No state reaches an end of its range." in said(state=TENSOR.outputs())


def test_forced_steps_that_differ_are_counted() -> None:
    lines = said(forced=Forced(100, 200, 3, 0.0, 0.0))
    assert "100 steps, each from desktop TFLM's own state: 3 of 200 values differ." in lines


def test_chaos_is_told_where_there_is_any() -> None:
    chaotic = Chaos(excess=1.0, first_step=None, own=0.5, large_from=300)
    assert any("multiplies every rounding" in line for line in said(own=chaotic))
    assert not any("multiplies" in line for line in said(own=Chaos(1.0, None, 1e-6, None)))
