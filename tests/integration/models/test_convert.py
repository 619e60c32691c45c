"""Conversions by the real converter, and how it fails."""

from pathlib import Path

import numpy as np
import pytest
from tflm_hil.errors import ConversionError
from tflm_hil.models.convert.convert import convert
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.zoo.manifest import load_zoo
from tflm_hil.worker import run_worker

ZOO = Path(__file__).parents[3] / "fixtures" / "models"
MODELS = {model.name: model for model in load_zoo(ZOO)}


def calibration() -> np.ndarray:
    samples = MODELS["digits_lstm"].samples
    array: np.ndarray = np.load(samples.path)[samples.calibration_key]
    return array[:50]


@pytest.mark.parametrize(("export", "dtype"), [("fused", "int8"), ("unrolled", "float32")])
def test_converts(export: str, dtype: str) -> None:
    done = convert(
        ZOO / "digits_lstm" / "model.keras",
        export=export,
        dtype=dtype,
        calibration=calibration(),
    )
    model = inspect(done.content)
    assert done.difference <= 1e-6
    assert model.inputs[0].shape == (1, 8, 8)
    assert model.inputs[0].type == model.outputs[0].type == dtype
    assert ("UNIDIRECTIONAL_SEQUENCE_LSTM" in model.operator_counts) == (export == "fused")
    assert "WHILE" not in model.operator_counts


@pytest.mark.parametrize("name", ["digits_simple_rnn", "digits_lstm"])
def test_int8_of_a_loop_would_crash_the_converter_and_is_not_tried(name: str) -> None:
    with pytest.raises(ConversionError, match="in which the calibrator crashes") as caught:
        convert(ZOO / name / "model.keras", export="loop", dtype="int8", calibration=calibration())
    assert "WHILE" in caught.value.what
    assert "unrolled" in caught.value.remedy


def test_a_cell_without_a_fused_operator_is_named() -> None:
    with pytest.raises(ConversionError, match="recurrent is a GRU"):
        convert(ZOO / "digits_gru" / "model.keras", export="fused", dtype="float32")


def test_a_file_that_is_no_keras_model(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(b"not a zip")
    with pytest.raises(ConversionError, match=r"model\.keras is damaged"):
        convert(path, export="loop", dtype="float32")


def test_a_conversion_that_takes_too_long_is_ended() -> None:
    with pytest.raises(ConversionError, match="did not finish in time") as caught:
        convert(ZOO / "digits_gru" / "model.keras", export="loop", dtype="float32", timeout_s=0.2)
    assert "timeout" in caught.value.remedy


def test_a_length_that_is_not_fixed_is_named(tmp_path: Path) -> None:
    run_worker("tests.support.keras_models", {"names": ["any_length"], "directory": str(tmp_path)})
    with pytest.raises(ConversionError, match=r"\(None, None, 3\) is not static") as caught:
        convert(tmp_path / "any_length.keras", export="unrolled", dtype="float32")
    assert "fixed" in caught.value.remedy
