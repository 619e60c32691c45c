"""Shift-register loop and single step: from Keras to desktop TFLM, and what is refused by name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.commands.main import main
from tflm_hil.errors import ConversionError
from tflm_hil.models.convert.convert import convert
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.lints import lint
from tflm_hil.models.tflite.states import state_pairs
from tflm_hil.models.zoo.manifest import KerasFile, Variant
from tflm_hil.models.zoo.samples import SampleFile, Samples
from tflm_hil.references import References, compute
from tflm_hil.vocabulary import Task
from tflm_hil.worker import run_worker

SHAPE = (40, 12, 3)
CHAINS = (
    "rnn", "gru_before", "gru_sequence", "stack", "bidirectional", "backward", "stateful",
    "any_cell", "convolution", "masked", "masked_both", "masked_mean", "repeated", "echo",
    "autoregressive", "two_outputs", "nested", "stateful_stack", "nested_cells",
    "branch", "flex",
)  # fmt: skip

# Largest |Δ| of desktop TFLM against Keras, outputs being about ±1: measured up to 0.13 in int8
# and 0.03 in int16x8 (whose weights are int8).
ERROR: dict[str, float] = {"float32": 2e-6, "int8": 0.2, "int16x8": 0.05}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All models of `tests.support.keras_models`."""
    directory = tmp_path_factory.mktemp("keras")
    run_worker(
        "tests.support.keras_models", {"names": (*CHAINS, "gelu"), "directory": str(directory)}
    )
    return directory


def sequences(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32)


def references(folder: Path, name: str, content: bytes) -> References:
    """Keras and desktop TFLM on 40 random sequences."""
    path = folder / f"{name}.tflite"
    path.write_bytes(content)
    keras = folder / f"{name}.keras"
    variant = Variant(
        id=name, model=name, name=name, path=path,
        sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content),
        export="", dtype="float32", task=Task.REGRESSION, limits=(),
        samples=SampleFile(path, ""),
        keras=KerasFile(keras, hashlib.sha256(keras.read_bytes()).hexdigest(), 0),
    )  # fmt: skip
    return compute(
        variant, Samples(sequences(2)), frameworks=("keras", "tflm"), cache_directory=folder
    )


def error_against_keras(folder: Path, name: str, content: bytes) -> float:
    """Largest |Δ| of desktop TFLM; of the last step where Keras gives only that."""
    found = references(folder, name, content)
    wanted = found.references["keras"].tensors[0].stored
    tensor = found.references["tflm"].tensors[0]
    values = tensor.values
    if values.ndim > wanted.ndim:
        values = values[:, -1]
    return float(np.max(np.abs(values - wanted)))


@pytest.mark.parametrize(
    ("name", "export", "dtype"),
    [
        ("rnn", "step", "int8"),
        ("gru_before", "shift", "int8"),
        ("gru_before", "step", "int16x8"),
        ("gru_sequence", "shift", "float32"),
        ("gru_sequence", "step", "int16x8"),
        ("stack", "shift", "int8"),
        ("stack", "step", "int8"),
        ("bidirectional", "shift", "float32"),
        ("bidirectional", "shift", "int8"),
        ("backward", "shift", "float32"),
        ("any_cell", "shift", "int8"),
        ("any_cell", "step", "float32"),
        ("convolution", "shift", "float32"),
        ("branch", "shift", "int8"),
        ("nested", "shift", "int8"),
        ("repeated", "unrolled", "int8"),
        ("echo", "shift", "int8"),
        ("echo", "fused", "int8"),
        ("autoregressive", "shift", "int8"),
        ("stateful_stack", "shift", "float32"),
        ("nested_cells", "shift", "int8"),
        ("masked_mean", "shift", "float32"),
    ],
)
def test_equals_keras_on_desktop_tflm(folder: Path, name: str, export: str, dtype: str) -> None:
    done = convert(folder / f"{name}.keras", export=export, dtype=dtype, calibration=sequences(1))
    model = inspect(done.content)
    assert done.difference <= 1e-6
    assert ("WHILE" in model.operator_counts) == (export == "shift")
    assert not any(item.severity == "error" for item in lint(done.content))
    assert model.inputs[0].type == {"float32": "float32", "int8": "int8", "int16x8": "int16"}[dtype]
    assert error_against_keras(folder, name, done.content) <= ERROR[dtype]


@pytest.mark.parametrize("export", ["shift", "unrolled"])
def test_several_outputs_are_in_the_order_of_the_keras_model(folder: Path, export: str) -> None:
    """A head of every step, one of the last state, and the state itself: two could be swapped."""
    done = convert(folder / "two_outputs.keras", export=export, dtype="float32")
    found = references(folder, "two_outputs", done.content)
    keras, tflm = (found.references[name].tensors for name in ("keras", "tflm"))
    assert [item.stored.shape[1:] for item in keras] == [(12, 2), (3,), (4,)]
    for ours, theirs in zip(tflm, keras, strict=True):
        assert np.max(np.abs(ours.stored - theirs.stored)) <= 2e-6


def test_states_of_a_stack_carry_the_names_of_its_layers(folder: Path) -> None:
    done = convert(folder / "stack.keras", export="step", dtype="int8", calibration=sequences(1))
    pairs = state_pairs(inspect(done.content))
    assert {pair.name: pair.shape for pair in pairs} == {
        "lower_h": (1, 8), "lower_c": (1, 8), "upper_h": (1, 6), "upper_c": (1, 6),
    }  # fmt: skip
    assert all(pair.same for pair in pairs)
    assert any("requantised in the model" in note for note in done.notes)


def test_size_does_not_depend_on_the_length(folder: Path) -> None:
    shift = convert(
        folder / "rnn.keras", export="shift", dtype="int8", calibration=sequences(1)
    ).content
    counts = inspect(shift).operator_counts
    assert counts["FULLY_CONNECTED"] == 3  # two of the cell, one of the head


def test_a_batch_that_is_not_one_is_fixed_and_said(folder: Path) -> None:
    done = convert(folder / "stateful.keras", export="step", dtype="float32")
    assert any("batch 4" in note and "fixed to 1" in note for note in done.notes)
    done = convert(folder / "rnn.keras", export="step", dtype="float32")
    assert any("dynamic batch" in note for note in done.notes)


@pytest.mark.parametrize(
    ("name", "export", "dtype", "word", "remedy"),
    [
        ("bidirectional", "step", "float32", "layer both reads the sequence from its end", "shift"),
        ("backward", "step", "int8", "layer back reads the sequence from its end", "shift"),
        ("convolution", "step", "int8", "filters is a Conv1D", "shift"),
        ("branch", "step", "int8", "mean is a GlobalAveragePooling1D.*every step", "unrolled"),
        ("masked", "fused", "int8", "skip makes a mask.*REDUCE_ANY", "export shift"),
        ("masked", "unrolled", "int16x8", "skip makes a mask", "without a mask"),
        ("masked", "shift", "int8", "mask value -9 lies beyond the input's scale", "padded"),
        (
            "masked_mean",
            "shift",
            "int8",
            "mean is a GlobalAveragePooling1D and is given padding",
            "last step",
        ),
        ("repeated", "step", "int8", "again is a RepeatVector.*last step", "shift"),
        ("gru_sequence", "loop", "float32", "return_sequences=True.*TFLM hangs", "shift"),
        ("bidirectional", "loop", "float32", "return_sequences=True.*TFLM hangs", "shift"),
        ("gru_sequence", "unrolled", "int16x8", "reset_after=True.*silently wrong", "step"),
        (
            "rnn",
            "shift",
            "int16x8",
            "loop.*int16x8 calibrator records no range",
            "step",
        ),
        ("rnn", "fused", "int16x8", "no int16x8 form", "step"),
        ("flex", "unrolled", "float32", "no kernel for Erfinv", "replace the layer"),
    ],
)
def test_refused_with_reason_and_remedy(
    folder: Path, name: str, export: str, dtype: str, word: str, remedy: str
) -> None:
    with pytest.raises(ConversionError, match=word) as caught:
        convert(folder / f"{name}.keras", export=export, dtype=dtype, calibration=sequences(1))
    assert remedy in caught.value.remedy


def test_representative_data_of_another_shape_is_named(folder: Path) -> None:
    with pytest.raises(ConversionError, match=r"have shape \[3, 12\]") as caught:
        convert(
            folder / "rnn.keras",
            export="step",
            dtype="int8",
            calibration=sequences(1).transpose(0, 2, 1),
        )
    assert "[N, 12, 3]" in caught.value.remedy


def test_the_command_converts_and_says_what_it_did(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples, target = tmp_path / "samples.npz", tmp_path / "out.tflite"
    np.savez(samples, calibration=sequences(1), inputs=sequences(2))
    arguments = ["convert", folder / "stack.keras", "--to", "int16x8", "--export", "step",
                 "--samples", samples, "-o", target]  # fmt: skip
    assert main([str(item) for item in arguments]) == 0
    text = capsys.readouterr().out
    assert f"{target}: {target.stat().st_size} bytes, int16x8, step" in text
    assert "dynamic batch; it was fixed to 1" in text
    assert "\nerror" not in text
    assert inspect(target.read_bytes()).inputs[0].type == "int16"


def test_the_command_fails_where_no_engine_runs_what_it_wrote(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.tflite"
    arguments = ["convert", folder / "gelu.keras", "--export", "step", "-o", target]
    assert main([str(item) for item in arguments]) == 1
    said = capsys.readouterr()
    assert "the builtin engine has no GELU" in said.out
    assert f"error: {target} was written, and no engine runs it" in said.err
    assert target.exists()


def test_the_command_names_inputs_that_saturate(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples, target = tmp_path / "samples.npz", tmp_path / "out.tflite"
    np.savez(samples, calibration=0.1 * sequences(1), inputs=sequences(2))
    arguments = ["convert", folder / "rnn.keras", "--to", "int8", "--export", "shift",
                 "--samples", samples, "-o", target]  # fmt: skip
    assert main([str(item) for item in arguments]) == 1
    assert "they saturate" in capsys.readouterr().err
    assert not target.exists()
