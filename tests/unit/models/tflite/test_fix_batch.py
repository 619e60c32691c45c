"""Open batches that cannot be fixed, and what is worked out on the way; no framework."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tflm_hil.errors import ConversionError
from tflm_hil.models.tflite.fix_batch import fix_batch, has_open_batch
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.shape_rules import Call, Unknown, shapes_of, value_of

from tests.support.graph_builder import ModelBuilder


def call(name: str, *inputs: Any, outputs: int = 1, dtype: str = "int32", **options: Any) -> Call:
    """Arrays are constants, tuples are shapes of what is computed."""
    values = tuple(None if isinstance(item, tuple) else np.asarray(item) for item in inputs)
    shapes = tuple(item if isinstance(item, tuple) else np.shape(item) for item in inputs)
    table = type("Options", (), options)() if options else None
    return Call(name, shapes, values, table, outputs, dtype)


@pytest.mark.parametrize(
    ("made", "shapes"),
    [
        (call("ADD", (1, 4), (3, 1)), [(3, 4)]),
        (call("FULLY_CONNECTED", (1, 6, 4), (5, 4)), [(6, 5)]),
        (call("FULLY_CONNECTED", (1, 6, 4), (5, 4), keepNumDims=True), [(1, 6, 5)]),
        (call("RESHAPE", (1, 6, 4), [-1, 4]), [(6, 4)]),
        (call("RESHAPE", (1, 6, 4), newShape=np.array([2, -1])), [(2, 12)]),
        (call("CONCATENATION", (1, 2), (1, 3), axis=-1), [(1, 5)]),
        (call("PACK", (1, 2), (1, 2), axis=1), [(1, 2, 2)]),
        (call("UNPACK", (6, 1, 3), axis=0, outputs=6), [(1, 3)] * 6),
        (call("SPLIT", 1, (1, 8), outputs=4), [(1, 2)] * 4),
        (call("SPLIT_V", (1, 8), [3, -1], 1, outputs=2), [(1, 3), (1, 5)]),
        (call("STRIDED_SLICE", (1, 6, 3), [0, 1], [0, 2], [1, 1], beginMask=1, endMask=1,
              ellipsisMask=0, newAxisMask=0, shrinkAxisMask=2), [(1, 3)]),
        (call("SLICE", (1, 6, 3), [0, 2, 0], [-1, 2, 3]), [(1, 2, 3)]),
        (call("TRANSPOSE", (1, 6, 3), [1, 0, 2]), [(6, 1, 3)]),
        (call("MEAN", (1, 6, 3), [1]), [(1, 3)]),
        (call("MEAN", (1, 6, 3), [-1], keepDims=True), [(1, 6, 1)]),
        (call("GATHER", (50, 4), (1, 6), axis=0, batchDims=0), [(1, 6, 4)]),
        (call("PAD", (1, 6), [[0, 0], [1, 2]]), [(1, 9)]),
        (call("BATCH_MATMUL", (1, 6, 3), (1, 6, 4), adjX=True), [(1, 3, 4)]),
        (call("CONV_2D", (1, 8, 8, 1), (4, 3, 3, 1), padding=1, strideH=2, strideW=1,
              dilationHFactor=1, dilationWFactor=2), [(1, 3, 4, 4)]),
        (call("DEPTHWISE_CONV_2D", (1, 8, 8, 2), (1, 3, 3, 4), padding=0, strideH=2, strideW=2),
         [(1, 4, 4, 4)]),
        (call("MAX_POOL_2D", (1, 1, 6, 4), padding=1, strideH=1, strideW=2, filterHeight=1,
              filterWidth=2), [(1, 1, 3, 4)]),
        (call("ARG_MAX", (1, 6), 1), [(1,)]),
        (call("SQUEEZE", (1, 1, 6), squeezeDims=np.array([1])), [(1, 6)]),
    ],
)  # fmt: skip
def test_shapes(made: Call, shapes: list[tuple[int, ...]]) -> None:
    assert shapes_of(made) == shapes


@pytest.mark.parametrize(
    ("made", "value"),
    [
        (call("SHAPE", (1, 6, 3)), [1, 6, 3]),
        (call("PACK", 1, 4, axis=0), [1, 4]),
        (call("FILL", [1, 2], 0.5, dtype="float32"), [[0.5, 0.5]]),
        (call("REDUCE_PROD", [2, 3, 4], [0]), 24),
        (call("GATHER", [7, 8, 9], [2, 0], axis=0), [9, 7]),
        (call("FLOOR_DIV", [-7], [2]), [-4]),
        (call("BROADCAST_TO", [[1, 2]], [2, 2]), [[1, 2], [1, 2]]),
        (call("SELECT_V2", [True, False], [1, 2], [3, 4]), [1, 4]),
        (call("RANGE", 0, 6, 2), [0, 2, 4]),
    ],
)
def test_values(made: Call, value: Any) -> None:
    found = value_of(made, plain=True)
    assert found is not None
    assert found.tolist() == value
    assert found.dtype == made.dtype


def test_arithmetic_on_scales_and_floats_is_left_to_the_runtime() -> None:
    assert value_of(call("ADD", [1], [2], dtype="float32"), plain=True) is None
    assert value_of(call("ADD", [1], [2], dtype="int8"), plain=False) is None
    assert value_of(call("ADD", (1,), [2]), plain=True) is None
    with pytest.raises(Unknown, match="by 0"):
        value_of(call("FLOOR_DIV", [1], [0]), plain=True)
    with pytest.raises(Unknown, match="elements"):
        value_of(call("FILL", [1 << 20, 1 << 20], 0), plain=True)


def chain(operator: str, size: int = 4, batch: int = -1) -> ModelBuilder:
    """`x` → operator → RESHAPE to what its result says."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (batch, size))
    y = main.tensor("y", (-1,), "int32")
    out = main.tensor("out", (-1, size))
    main.operator(operator, [x], [y])
    main.operator("RESHAPE", [x, y], [out], "Reshape")
    main.finish([x], [out])
    return model


def test_a_computed_shape_becomes_a_constant() -> None:
    content = chain("SHAPE").content()
    assert has_open_batch(content)
    model = inspect(fix_batch(content))
    assert model.operator_counts == {"RESHAPE": 1}
    assert model.outputs[0].shape == (1, 4)
    assert len(model.subgraphs[0].tensors) == 3


@pytest.mark.parametrize(
    ("content", "words", "remedy"),
    [
        (chain("WHERE").content(), "size of what WHERE gives", "Keras"),
        (chain("SHAPE", size=-1).content(), r"open beyond the batch \(\[-1, -1\]\)", "length"),
        (chain("SHAPE", batch=1).content(), r"has no open batch: its inputs are \[1, 4\]", "as it"),
        (chain("SHAPE", batch=8).content(), r"has no open batch: its inputs are \[8, 4\]", "Keras"),
    ],
)
def test_what_cannot_be_fixed_is_refused(content: bytes, words: str, remedy: str) -> None:
    with pytest.raises(ConversionError, match=words) as caught:
        fix_batch(content, name="my.tflite")
    assert caught.value.what.startswith("my.tflite")
    assert remedy in caught.value.remedy
