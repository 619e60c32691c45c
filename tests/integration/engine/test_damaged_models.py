"""Damaged files: what the engine loads it has read rightly, and the desktop refuses no later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflm_hil.errors import CorruptModel
from tflm_hil.models.tflite.inspect import Inspection, inspect
from tflm_hil.models.tflite.lints import lint
from tflm_hil.models.tflite.schema import load_schema

from .conftest import EngineRun, Runner

MODELS = Path(__file__).parents[3] / "fixtures" / "models"
PATHS = [
    MODELS / "digits_lstm" / "int8-fused.tflite",
    MODELS / "digits_gru" / "float32-loop.tflite",
    MODELS / "textbook_classifier" / "int8-step.tflite",
]
OK, CORRUPT = 0, 2
MUTATIONS = 60
FAR = 0x40  # in the third byte of an offset: 4 MB further on
# where a table's vtable has its fields
NAME, QUANTIZATION, SCALE, ZERO_POINT = (4 + 2 * field for field in (3, 4, 2, 3))


def offsets(content: bytes) -> Iterator[int]:
    """Where the offsets to name, quantisation, scales and zero points of tensors are."""
    model = load_schema().Model.GetRootAsModel(content, 0)
    for g in range(model.SubgraphsLength()):
        graph = model.Subgraphs(g)
        for t in range(graph.TensorsLength()):
            tensor = graph.Tensors(t)
            tables = [(tensor, NAME), (tensor, QUANTIZATION)]
            if tensor.Quantization() is not None:
                tables += [(tensor.Quantization(), SCALE), (tensor.Quantization(), ZERO_POINT)]
            for table, field in tables:
                if offset := table._tab.Offset(field):
                    yield table._tab.Pos + offset


def inputs_of(model: Inspection, random: np.random.Generator) -> list[bytes]:
    arrays: list[Any] = []
    for tensor in model.inputs:
        values = random.normal(0, 40, tensor.shape)
        arrays.append(values.astype(tensor.type).tobytes())
    return arrays


@pytest.fixture
def run(tmp_path: Path, engine_run: Runner) -> Any:
    def run(content: bytes, raw: bytes) -> EngineRun:
        path = tmp_path / "damaged.tflite"
        path.write_bytes(content)
        return engine_run(path, raw, "--poison", "--arena", "400000")

    return run


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parent.name)
def test_names_and_scales_are_read_before_load_says_yes(path: Path, run: Any) -> None:
    """They are asked for after it, by a reader that has no more answers once it has failed: every
    output was tensor 0, the input.
    """
    content = path.read_bytes()
    raw = b"".join(inputs_of(inspect(content), np.random.default_rng(1)))
    assert run(content, raw).status == OK
    places = list(offsets(content))
    assert len(places) > 30
    for place in places[:: len(places) // 15]:
        damaged = bytearray(content)
        damaged[place + 2] ^= FAR
        assert run(bytes(damaged), raw).status == CORRUPT
        with pytest.raises(CorruptModel):
            inspect(bytes(damaged))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parent.name)
def test_what_runs_gives_no_input_for_its_outputs(path: Path, run: Any) -> None:
    content = path.read_bytes()
    random = np.random.default_rng(8)
    inputs = inputs_of(inspect(content), random)
    ran = 0
    for _ in range(MUTATIONS):
        damaged = bytearray(content)
        at = int(random.integers(len(damaged) // 4)) * 4
        if random.integers(2):
            damaged[at] ^= 1 << int(random.integers(8))
        else:
            damaged[at : at + 4] = int(
                random.integers(0, 1 << int(random.integers(1, 32)))
            ).to_bytes(4, "little")
        done = run(bytes(damaged), b"".join(inputs))
        if done.status != OK:
            continue
        ran += 1
        try:
            clean = not any(item.severity == "error" for item in lint(bytes(damaged)))
        except CorruptModel:
            continue  # the desktop reads more of the file than the engine
        assert not clean or not any(
            done.outputs == given for given in inputs if len(set(given)) > 2
        )
    assert 0 < ran < MUTATIONS
