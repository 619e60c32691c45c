"""Tables that GATHER reads, from int16 to int8."""

from __future__ import annotations

import numpy as np
from tflm_hil.models.tflite.flatbuffer import Editor
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.int8_tables import narrow_tables
from tflm_hil.references import desktop_load

from tests.support.graph_builder import ModelBuilder

ROWS = np.random.default_rng(0).integers(-32767, 32768, (6, 3))
SCALE = 2.0**-15


def looked_up(*, also_added: bool = False) -> bytes:
    """Two GATHERs of one table; `also_added`: an ADD reads it, too."""
    model = ModelBuilder()
    main = model.graph()
    ids = main.tensor("ids", (1, 2), "int32")
    table = main.tensor("table", ROWS.shape, "int16", scale=SCALE, data=ROWS)
    ends = [main.tensor(name, (1, 2, 3), "int16", scale=SCALE) for name in ("one", "two")]
    for end in ends:
        main.operator("GATHER", [table, ids], [end], "Gather", axis=0)
    if also_added:
        ends.append(main.tensor("twice", ROWS.shape, "int16", scale=2 * SCALE))
        main.operator("ADD", [table, table], [ends[-1]], "Add")
    main.finish([ids], ends)
    return model.content()


def test_rows_are_those_of_the_table_within_half_a_step_of_its_new_scale() -> None:
    content, notes = narrow_tables(looked_up())
    model = inspect(content)
    (table,) = [tensor for tensor in model.subgraphs[0].tensors if tensor.name == "table"]
    assert (table.type, table.constant_bytes) == ("int8", ROWS.size)
    buffers, graph = (Editor(content).model, Editor(content).model.subgraphs[0])
    stored = np.frombuffer(bytes(buffers.buffers[graph.tensors[table.index].buffer].data), np.int8)
    apart = stored.reshape(ROWS.shape) * table.scale - ROWS * SCALE
    assert np.max(np.abs(apart)) <= 0.501 * table.scale
    assert [item.name for item in model.subgraphs[0].operators] == (
        ["GATHER", "DEQUANTIZE", "QUANTIZE"] * 2
    )
    assert [tensor.type for tensor in model.outputs] == ["int16", "int16"]
    assert "6 rows" in notes[0]


def test_the_engine_takes_it_that_did_not() -> None:
    before = looked_up()
    refused, taken = desktop_load.load_all([before, narrow_tables(before)[0]])
    assert refused is not None
    assert "INT16" in refused.said
    assert taken is None


def test_what_something_else_reads_stays() -> None:
    content = looked_up(also_added=True)
    assert narrow_tables(content) == (content, ())
