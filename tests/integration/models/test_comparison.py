"""What is converted is compared with the Keras model, from outside: by the command."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.commands.main import main
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.worker import run_worker


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("unfaithful")
    run_worker("tests.support.unfaithful_models", {"directory": str(directory)})
    return directory


def converted(folder: Path, name: str, *arguments: str) -> int:
    (path,) = folder.glob(f"{name}.np?")
    samples = ["--samples", str(path)] if arguments else []
    return main(
        ["convert", str(folder / f"{name}.keras"), *arguments, *samples, "-o",
         str(folder / f"{name}.tflite")]
    )  # fmt: skip


def test_features_of_different_size_are_refused_with_the_feature(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert converted(folder, "weather", "--to", "int8", "--export", "shift") == 1
    said = capsys.readouterr().err
    assert "is not the model" in said
    assert "Feature 1 of input" in said or "Feature 2 of input" in said
    assert "normalise" in said
    assert not (folder / "weather.tflite").exists()


def test_the_remedy_for_them_works(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert converted(folder, "normalised", "--to", "int8", "--export", "shift") == 0
    said = capsys.readouterr().out
    assert "against Keras on 32 sequences: largest error" in said
    assert "LSB" in said
    assert "of the output's range" in said
    assert "far from Keras" not in said


def test_an_input_that_shares_a_scale_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert converted(folder, "joined", "--to", "int8", "--export", "shift") == 0
    said = capsys.readouterr().out
    assert "output head is far from Keras" in said
    assert "its own data 1.999: the converter ties it to another tensor by CONCATENATION" in said
    assert "other calibration data does not help" in said


def test_token_ids_on_a_scale_are_refused_and_integers_are_the_remedy(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert converted(folder, "float_ids", "--to", "int8", "--export", "shift") == 1
    said = capsys.readouterr().err
    assert "takes integers, and the converter gave it the scale 3.9" in said
    assert "int32" in said
    assert not (folder / "float_ids.tflite").exists()
    assert converted(folder, "int_ids", "--to", "int8", "--export", "shift") == 0
    assert "far from Keras" not in capsys.readouterr().out


def test_several_inputs_take_their_arrays_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert converted(folder, "two_inputs", "--to", "int8", "--export", "shift") == 0
    assert "same class 100%" in capsys.readouterr().out
    inputs = inspect((folder / "two_inputs.tflite").read_bytes()).inputs
    assert sorted(tensor.type for tensor in inputs) == ["int32", "int8"]


def test_no_samples_are_random_ones_and_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert converted(folder, "clipped") == 0
    assert "against Keras on 32 random sequences: largest error" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "infinite_weight",
            r"weight memory/lstm_cell/recurrent_kernel holds inf at [3, 4]",
        ),
        ("overflowing", "output odds of the Keras model is inf in sequence 0 at [1]"),
    ],
)
def test_no_numbers_are_named_with_the_first_place(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    assert converted(folder, name, "--to", "float32") == 1
    assert words in capsys.readouterr().err.replace("\n", " ")
    assert not (folder / f"{name}.tflite").exists()
