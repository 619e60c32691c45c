"""GATHER where the wheel has no answer: integer tables, indices of int16 and int64, bad ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.graph_builder import ModelBuilder

from .conftest import Runner

INVOKE_FAILED = 11
ROWS, WIDTH, IDS = 9, 5, (2, 3)


def embedding(folder: Path, table: np.ndarray, ids: str) -> Path:
    """Ids of that type come in, rows of the table go out."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("ids", IDS, ids)
    kind = table.dtype.name
    scale = 0.5 if kind in ("int8", "int16") else None
    rows = main.tensor("table", table.shape, kind, scale=scale, data=table)
    y = main.tensor("y", (*IDS, table.shape[1]), kind, scale=scale)
    main.operator("GATHER", [rows, x], [y], "Gather", axis=0)
    main.finish([x], [y])
    path = folder / f"{kind}-{ids}.tflite"
    path.write_bytes(model.content())
    return path


@pytest.mark.parametrize("ids", ["int16", "int32", "int64"])
@pytest.mark.parametrize("kind", ["int8", "int16", "int32", "int64", "float32", "bool"])
def test_every_table_takes_every_index(
    kind: str, ids: str, tmp_path: Path, engine_run: Runner
) -> None:
    random = np.random.default_rng(7)
    table = random.integers(0, 100, (ROWS, WIDTH)).astype(kind)
    chosen = random.integers(0, ROWS, IDS).astype(ids)
    ours = engine_run(embedding(tmp_path, table, ids), chosen.tobytes(), "--poison")
    assert ours.status == 0, ours.report
    assert ours.outputs == table[chosen].tobytes()


@pytest.mark.parametrize("ids", ["int16", "int32", "int64"])
@pytest.mark.parametrize("bad", [-1, ROWS, 32767])
def test_an_id_that_the_table_does_not_have_ends_the_inference(
    ids: str, bad: int, tmp_path: Path, engine_run: Runner
) -> None:
    table = np.zeros((ROWS, WIDTH), np.float32)
    chosen = np.zeros(IDS, ids)
    chosen[1, 2] = bad
    ours = engine_run(embedding(tmp_path, table, ids), chosen.tobytes())
    assert ours.status == INVOKE_FAILED
    assert "an index is outside" in str(ours.report["text"])
