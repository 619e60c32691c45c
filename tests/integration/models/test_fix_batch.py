"""Models with an open batch, from the real converter, fixed to 1: the same bits, and no lint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tflm_hil.commands.main import main
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.lints import lint
from tflm_hil.worker import stream_worker

NAMES = ("lstm float32", "lstm int8", "every_step int8", "pictures float32", "indices float32",
         "attention float32", "normalised float32", "own_loop float32")  # fmt: skip


@pytest.fixture(scope="module")
def fixed() -> Mapping[str, tuple[dict[str, Any], bytes, bytes]]:
    """By name the comparison, the open and the fixed flatbuffer."""
    return {
        answer["name"]: (answer, arrays["open"].tobytes(), arrays["fixed"].tobytes())
        for answer, arrays in stream_worker("tests.support.open_batch_models", {})
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_bits_are_those_of_the_open_model_at_batch_1(fixed: Any, name: str) -> None:
    answer, before, content = fixed[name]
    assert answer["elements"] > 0
    assert answer["differing"] == 0
    model = inspect(content)
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    assert not any(-1 in tensor.shape_signature for tensor in tensors)
    assert all(tensor.shape[0] == 1 for tensor in model.inputs)
    assert not {"SHAPE", "FILL", "REDUCE_PROD", "TILE"} & set(model.operator_counts)
    assert not lint(content)
    assert any(item.code == "dynamic-batch" for item in lint(before))
    assert len(content) < len(before)
    assert [sorted(item.inputs) for item in model.signatures] == [
        sorted(item.inputs) for item in inspect(before).signatures
    ]


def test_the_command_is_the_remedy_that_the_lint_names(
    fixed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, target = tmp_path / "my.tflite", tmp_path / "out.tflite"
    path.write_bytes(fixed["lstm int8"][1])
    assert main(["inspect", str(path)]) == 0
    assert "--batch 1" in capsys.readouterr().out
    assert main(["convert", str(path), "--batch", "1", "-o", str(target)]) == 0
    assert "all of 16 output elements, bit for bit" in capsys.readouterr().out
    assert target.read_bytes() == fixed["lstm int8"][2]
    assert main(["convert", str(target), "--batch", "1"]) == 1
    assert "has no open batch" in capsys.readouterr().err
