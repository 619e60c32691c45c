"""`hil compare-engines` with the tree that is given, on a few sequences."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.commands import main as cli
from tflm_hil.firmware_build.tflm_tree import TflmTree


def test_builtin_and_the_tree_side_by_side(
    tree: TflmTree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["compare-engines", "--hil-report-dir", str(tmp_path), "--hil-sequences", "12"]
    status = cli.main([*arguments, str(tree.library.parent.parent), "-k", "digits_"])
    assert status == 0, "of 12 sequences the accuracy is not judged"
    printed = capsys.readouterr().out
    assert f"tflm {tree.kernels}" in printed
    assert "digits_lstm-int8-fused" in printed
    assert "error" not in printed
    (written,) = tmp_path.glob("*-engines.md")
    assert "| digits_lstm-int8-fused | 0/120 · 0 LSB · 100.0 % |" in written.read_text("utf-8")
    # Integers are the bit oracle's on both engines.
    for line in section(printed, "board against desktop TFLM"):
        if "digits" in line and "-int8-" in line:
            assert line.count("0/120 · 0 LSB") == 2, line
    # CMSIS-NN's LSTM forgets its state at each call; upstream's reference kernel keeps it.
    fate = "wiped by UNIDIRECTIONAL_SEQUENCE_LSTM" if tree.kernels == "cmsis-nn" else "kept"
    (fused,) = (
        line
        for line in section(printed, "state between")
        if line.startswith("digits_lstm-int8-fused")
    )
    assert fused.split(maxsplit=2)[1:] == ["kept", fate]


def section(printed: str, title: str) -> list[str]:
    """The lines from a table's title to the next empty line."""
    return printed[printed.index(title) :].split("\n\n")[0].splitlines()
