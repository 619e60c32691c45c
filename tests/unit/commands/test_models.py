"""`hil inspect`, `hil c-array`, and what `hil convert` refuses before TensorFlow is started."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflm_hil.commands.main import main

from tests.support.graph_builder import accumulator

ZOO = Path(__file__).parents[3] / "fixtures" / "models"
FUSED = ZOO / "digits_lstm" / "int8-fused.tflite"
KERAS = ZOO / "digits_lstm" / "model.keras"


def output(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a command that succeeds prints, in one line."""
    assert main([str(item) for item in arguments]) == 0
    return " ".join(capsys.readouterr().out.split())


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a command that is refused prints."""
    assert main([str(item) for item in arguments]) == 1
    return " ".join(capsys.readouterr().err.split())


def test_inspect_shows_operators_scales_engines_and_findings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = output(capsys, "inspect", FUSED)
    assert "7,376 bytes · 4 operators in 1 subgraph arena 1,512 bytes with the builtin" in text
    assert "in 0 input" in text
    assert "1x8x8 0.00392157 -128" in text
    assert "UNIDIRECTIONAL_SEQUENCE_LSTM 1" in text
    assert "engine builtin: has all operators" in text
    assert "note cell-clip" in text


def test_inspect_lists_tensors_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert "tensors of subgraph" not in output(capsys, "inspect", FUSED)
    text = output(capsys, "inspect", FUSED, "--tensors")
    assert "tensors of subgraph 0" in text
    assert "constant, 400 bytes" in text
    assert "int16" in text


def test_inspect_shows_both_ends_of_a_state(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "step.tflite"
    path.write_bytes(accumulator())
    text = output(capsys, "inspect", path)
    assert "h out 0 in 0 1x2 0.25, zero 1 0.5, zero 1" in text
    assert "error state-scales" in text


def test_strict_inspection_fails_on_errors_only(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "step.tflite"
    path.write_bytes(accumulator())
    assert main(["inspect", str(path), "--strict"]) == 1
    path.write_bytes(accumulator(next_scale=0.5))
    assert main(["inspect", str(path), "--strict"]) == 0
    assert "no findings" in capsys.readouterr().out


def test_c_array_writes_source_and_header(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = output(capsys, "c-array", FUSED, "-o", tmp_path / "model.cc", "--name", "digits")
    assert "model.cc and model.h: 7376 bytes" in text
    assert "g_digits_data[7376]" in (tmp_path / "model.cc").read_text()
    assert "extern const unsigned int g_digits_size;" in (tmp_path / "model.h").read_text()


@pytest.mark.parametrize("command", [["inspect"], ["c-array", "-o", "x.cc"]])
def test_files_that_are_no_models(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]
) -> None:
    assert "CorruptModel" in refusal(capsys, command[0], KERAS, *command[1:])
    assert "cannot read" in refusal(capsys, command[0], tmp_path / "gone", *command[1:])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "int8"], "int8 needs representative data"),
        (["--to", "dynamic"], "no conversion to dynamic: dynamic range quantisation mixes"),
        (["--to", "uint8"], "no conversion to uint8"),
        (["--to", "int4"], "no type 'int4'"),
        (["--export", "magic"], "no export 'magic'"),
        (["-o", "/no/such/folder/m.tflite"], "no folder /no/such/folder"),
    ],
)
def test_convert_refuses(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    text = refusal(capsys, "convert", KERAS, *arguments)
    assert words in text
    assert "→" in text


def test_sample_files_are_named_with_what_they_hold(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "samples.npz"
    np.savez(path, windows=np.ones((3, 8, 8)))
    command: list[str | Path] = ["convert", KERAS, "--to", "int8", "--samples", path]
    assert "has no array 'frames'; it has windows" in refusal(capsys, *command, "--key", "frames")
    assert "--key" in refusal(capsys, *command, "--key", "frames")
    assert "is 1 everywhere" in refusal(capsys, *command)
    np.savez(path, calibration=np.ones((0, 8, 8)))
    assert "holds no sequence" in refusal(capsys, *command)
    path.write_bytes(b"no archive")
    assert "cannot read samples" in refusal(capsys, *command)
