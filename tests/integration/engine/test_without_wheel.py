"""Where the wheel has no answer, against NumPy: GATHER of integer tables, by indices of int16 and
int64, by ids that are not there; SPACE_TO_BATCH_ND of int8 with padding.
"""

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


def test_int8_is_padded_with_its_zero_point(tmp_path: Path, engine_run: Runner) -> None:
    """The wheel pads with what happens to lie in its arena."""
    block, zero = 2, -7
    image = np.random.default_rng(3).integers(-128, 128, (1, 3, 5, 2)).astype(np.int8)
    margins = np.array([[1, 0], [2, 1]])
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", image.shape, "int8", scale=0.5, zero_point=zero)
    blocks = main.tensor("blocks", (2,), "int32", data=[block, block])
    table = main.tensor("margins", (2, 2), "int32", data=margins)
    y = main.tensor("y", (4, 2, 4, 2), "int8", scale=0.5, zero_point=zero)
    main.operator("SPACE_TO_BATCH_ND", [x, blocks, table], [y], "SpaceToBatchND")
    main.finish([x], [y])
    path = tmp_path / "padded.tflite"
    path.write_bytes(model.content())
    padded = np.pad(image[0], [*map(tuple, margins), (0, 0)], constant_values=zero)
    parts = [padded[row::block, column::block] for row in range(2) for column in range(2)]
    ours = engine_run(path, image.tobytes(), "--poison")
    assert ours.status == 0, ours.report
    assert ours.outputs == np.stack(parts).tobytes()
