"""Figures of a comparison with Keras, the judgement, and the words for both."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.errors import ConversionError
from tflm_hil.models.convert import convert
from tflm_hil.models.convert.causes import Cause, CauseKind, causes_of, drift
from tflm_hil.models.convert.fidelity import (
    Comparison,
    Fidelity,
    OutputComparison,
    chosen,
    compare_output,
    first_not_finite,
    per_window,
)
from tflm_hil.models.convert.obstacles import Layer, obstacles, open_ways
from tflm_hil.models.convert.samples import KerasInput
from tflm_hil.models.convert.wording import comparison_lines, doubts, refusal
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.vocabulary import ExportKind, Precision, RungName
from tflm_hil.worker import Answer

from tests.support.graph_builder import ModelBuilder
from tests.unit.models.zoo.test_given import network

INT8 = Quantization("int8", 0.01)
FLOAT = Quantization("float32")


def waves(seed: int = 0) -> NDArray[np.float64]:
    """`[sequences, windows, values]` about ±1."""
    return np.random.default_rng(seed).uniform(-1, 1, (200, 1, 3))


def judged(error: NDArray[np.float64], quantization: Quantization = INT8) -> Fidelity:
    wanted = waves()
    return compare_output("y", wanted, wanted + error, quantization=quantization).fidelity


def softmax(sharpness: float, seed: int = 0) -> NDArray[np.float64]:
    raised = np.exp(sharpness * waves(seed))
    chances: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return chances


def test_figures() -> None:
    wanted = np.array([[[0.0, 2.0]], [[1.0, 4.0]]])
    ours = wanted + np.array([[[0.0, 0.0]], [[0.0, 0.5]]])
    found = compare_output("head", wanted, ours, quantization=INT8)
    assert (found.max_abs, found.low, found.high, found.scale) == (0.5, 0.0, 4.0, 0.01)
    assert found.rms == pytest.approx(0.25)
    assert found.spread == pytest.approx(np.sqrt((0.25 + 0.25 + 1 + 1) / 4))
    assert found.max_lsb == pytest.approx(50)
    assert found.share_of_range == pytest.approx(0.125)
    assert found.worst == (1, 0, 1)
    assert found.same_class is None


@pytest.mark.parametrize(
    ("size", "quantization", "fidelity"),
    [
        (0.0, INT8, Fidelity.FAITHFUL),
        (0.1, INT8, Fidelity.FAITHFUL),
        (0.5, INT8, Fidelity.DOUBTFUL),
        (1.2, INT8, Fidelity.WRONG),
        (1.0, Quantization("int8", 2.0), Fidelity.FAITHFUL),  # below two steps of the scale
        (1.0, Quantization("int16", 2.0 / 256), Fidelity.FAITHFUL),  # the same share of it all
        (5e-6, FLOAT, Fidelity.FAITHFUL),
        (5e-5, FLOAT, Fidelity.WRONG),
    ],
)
def test_errors_are_judged_by_what_the_output_varies_by(
    size: float, quantization: Quantization, fidelity: Fidelity
) -> None:
    assert judged(size * waves(1), quantization) is fidelity


def test_putting_out_the_mean_is_wrong_and_a_constant_output_is_not() -> None:
    wanted = waves()
    mean = np.broadcast_to(wanted.mean(axis=(0, 1)), wanted.shape)
    assert compare_output("y", wanted, mean, quantization=INT8).fidelity is Fidelity.WRONG
    still = np.full((5, 1, 2), 0.5)
    found = compare_output("y", still, still + 0.01, quantization=INT8)
    assert found.fidelity is Fidelity.FAITHFUL
    assert found.share_of_range is None


def test_decisions_of_a_classifier() -> None:
    wanted, scale = softmax(6.0), Quantization("int8", 1 / 256, -128)
    same = compare_output("y", wanted, softmax(5.0), quantization=scale)
    assert (same.same_class, same.fidelity) == (1.0, Fidelity.FAITHFUL)
    # no two sequences apart, but near ties decided otherwise
    tied = np.array([0.33, 0.34, 0.33]) + 0.02 * waves() - 0.02 * waves().mean(-1, keepdims=True)
    near = compare_output("y", tied, np.round(tied, 2), quantization=Quantization("int8", 1e-3))
    assert near.same_class is not None
    assert near.same_class < 0.95
    assert near.fidelity is Fidelity.DOUBTFUL
    one_class = 0.5 * wanted + 0.5 * np.array([1.0, 0.0, 0.0])
    other = one_class[..., [1, 0, 2]] * 0.6 + one_class * 0.4
    found = compare_output("y", one_class, other, quantization=scale)
    assert found.fidelity is Fidelity.WRONG


def test_sixteen_bits_are_nearer_than_eight() -> None:
    wanted = waves()
    error = 0.2 * wanted[..., ::-1]
    found = [
        compare_output("y", wanted, wanted + error, quantization=quantization).fidelity
        for quantization in (Quantization("int8", 2.0 / 256), Quantization("int16", 2.0 / 65536))
    ]
    assert found == [Fidelity.FAITHFUL, Fidelity.DOUBTFUL]


def test_a_record_travels_as_json() -> None:
    made = Comparison(3, given=False, outputs=(output(),))
    assert Comparison.from_record(json.loads(json.dumps(asdict(made)))) == made
    cause = Cause(CauseKind.SMALL_FEATURE, "x", 1, 0.1, 4.0)
    assert Cause.from_record(json.loads(json.dumps(asdict(cause)))) == cause


def output(fidelity: Fidelity = Fidelity.FAITHFUL, name: str = "head") -> OutputComparison:
    return OutputComparison(name, 0.0123, 0.004, -0.5, 1.0, 0.01, 0.008, 1.0, (0, 0, 1), fidelity)


def test_words() -> None:
    one = Comparison(32, given=True, outputs=(output(),))
    assert comparison_lines(one) == [
        "against Keras on 32 sequences: largest error 0.0123 (1.5 LSB, 0.8% of the output's range),"
        " RMS 0.004, same class 100%"
    ]
    two = Comparison(8, given=False, outputs=(output(), output(Fidelity.WRONG, "state")))
    assert "on 8 random sequences, state: largest" in comparison_lines(two)[1]
    assert two.fidelity is Fidelity.WRONG


def test_tflm_decides_and_another_judgement_of_tflite_is_said() -> None:
    right = Comparison(8, given=True, outputs=(output(), output(name="state")))
    wrong = (output(Fidelity.WRONG), output(name="state"))
    other = Comparison(8, given=True, outputs=wrong, runtime=RungName.TFLITE)
    answers: list[Answer] = [
        ({"difference": 0.0, "notes": [], "ways": []}, {"tflite": np.zeros(4, np.uint8)}),
        *(({"comparison": asdict(item), "causes": [], "notes": []}, {}) for item in (other, right)),
    ]
    done = convert.judged(answers, "m.keras", ExportKind.FUSED, Precision.INT8)
    assert done.comparison == right
    (note,) = done.notes
    assert "TFLite computes output head otherwise" in note
    assert "as desktop TFLM does" in note
    with pytest.raises(ConversionError, match="is not the model"):
        convert.judged(answers[:2], "m.keras", ExportKind.FUSED, Precision.INT8)


LSTM = open_ways(obstacles([Layer("lstm", "LSTM", recurrent=True)]))


@pytest.mark.parametrize(
    ("cause", "words", "remedy"),
    [
        (Cause(CauseKind.QUANTISED_INTEGERS, "ids", value=3.9), "ids takes integers", "int32"),
        (
            Cause(CauseKind.TIED_SCALE, "x", 0, 176.0, 2.0, "CONCATENATION"),
            "its own data 2: the converter ties it to another tensor by CONCATENATION",
            "other calibration data does not help",
        ),
        (Cause(CauseKind.SMALL_FEATURE, "x", 1, 0.07, 409.0), "Feature 1 of input x", "normalise"),
        (Cause(CauseKind.DRIFT, value=0.5, reference=0.1), "grows along", "int16x8 with --export"),
    ],
)
def test_reasons_come_with_their_remedies(cause: Cause, words: str, remedy: str) -> None:
    asked = (ExportKind.SHIFT, Precision.INT8)
    wrong = Comparison(8, given=True, outputs=(output(Fidelity.WRONG),))
    error = refusal("m.keras", asked, wrong, [cause], LSTM)
    assert words in error.what
    assert remedy in error.remedy
    doubtful = Comparison(8, given=True, outputs=(output(Fidelity.DOUBTFUL),))
    said = doubts(doubtful, asked, [cause], LSTM)
    assert "RMS error 0.004 is 40% of what it varies by" in said[0]
    assert words in said[1]
    assert remedy in said[2]


def test_a_remedy_never_names_what_was_just_used() -> None:
    wrong = Comparison(8, given=True, outputs=(output(Fidelity.WRONG),))
    step = refusal("m.keras", (ExportKind.STEP, Precision.INT8), wrong, [], LSTM)
    assert "--export step" not in step.remedy
    wide = refusal("m.keras", (ExportKind.STEP, Precision.INT16X8), wrong, [], LSTM)
    assert "int16x8" not in wide.remedy
    loop = refusal("m", (ExportKind.LOOP, Precision.FLOAT32), wrong, [], LSTM)
    assert "float32" not in loop.remedy[:20]


def test_causes_are_read_from_the_inputs_scales() -> None:
    model = inspect(network("int8"))
    (tensor,) = model.inputs
    shape = tensor.shape[1:]
    item = KerasInput(("signal",), shape, "float32")
    span = 256 * tensor.scale
    random = np.random.default_rng(0)

    def found(data: NDArray[np.float64], kind: str = "float32") -> list[CauseKind]:
        own = KerasInput(item.names, item.shape, kind)
        return [cause.kind for cause in causes_of(model, [own], {"signal": data}, {"signal": data})]

    good = random.uniform(-span / 2, span / 2, (20, *shape))
    assert found(good) == []
    assert found(good / 10) == [CauseKind.TIED_SCALE]
    assert found(random.integers(0, 1000, good.shape).astype(float), "int32") == [
        CauseKind.QUANTISED_INTEGERS
    ]


def test_an_index_on_a_scale_is_a_cause_whatever_type_keras_gives_it() -> None:
    made = ModelBuilder()
    main = made.graph()
    x = main.tensor("ids", (1, 4), "int8", scale=3.9)
    real, whole = main.tensor("real", (1, 4)), main.tensor("whole", (1, 4), "int32")
    table, y = main.tensor("table", (1000, 2), data=0.5), main.tensor("y", (1, 4, 2))
    main.operator("DEQUANTIZE", [x], [real])
    main.operator("CAST", [real], [whole])
    main.operator("GATHER", [table, whole], [y], "Gather")
    main.finish([x], [y])
    model, item = inspect(made.content()), KerasInput(("ids",), (4,), "float32")

    def found(ids: list[int]) -> list[CauseKind]:
        data = {"ids": np.array([ids], np.float32)}
        return [cause.kind for cause in causes_of(model, [item], data, None)]

    assert found([1, 2, 700, 3]) == [CauseKind.QUANTISED_INTEGERS]
    assert found([0, 0, 0, 0]) == []


def test_drift_and_places() -> None:
    growing = np.linspace(0, 1, 40).reshape(1, 40, 1) * np.ones((3, 1, 2))
    assert drift(growing)[0].value > 0.8
    assert drift(np.ones((3, 40, 2))) == []
    assert drift(np.ones((3, 2, 2))) == []
    assert first_not_finite(np.array([[0.0, 1.0], [np.inf, np.nan]])) == (1, 0)
    assert first_not_finite(np.array([1, 2])) is None
    assert chosen(5, 32).tolist() == [0, 1, 2, 3, 4]
    assert chosen(100, 4).tolist() == [0, 33, 66, 99]


def test_what_invokes_gave_is_brought_to_a_window() -> None:
    steps = [np.full((1, 2), number) for number in range(3)]
    every = per_window(steps, np.zeros((3, 2)))
    assert every is not None
    assert every[:, 0].tolist() == [0, 1, 2]
    last = per_window(steps, np.zeros(2))
    assert last is not None
    assert last.tolist() == [2, 2]
    assert per_window(steps, np.zeros(5)) is None
